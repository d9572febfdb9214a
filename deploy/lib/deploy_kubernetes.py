"""The Kubernetes objects, against the published schemas, the settings and each other."""
import re

import jsonschema

import capacity
from deploy_files import validator, wheel

# The oldest release whose fields these files use, and the newest that there are schemas of.
RELEASES = ["v1.30.0", "v1.37.0"]
PACKAGE = "kubernetes_validate"
# Shorter and every burst moves lanes; longer and results are late while pods could be had.
MOMENT, PATIENCE = 120, 600
COMMON = {"apiVersion": {}, "kind": {}, "metadata": {
    "type": "object", "required": ["name"], "additionalProperties": False,
    "properties": {"name": {"type": "string"}, "labels": {"type": "object"}}}}
POLICIES = {"type": "array", "minItems": 1, "items": {
    "type": "object", "required": ["type", "value", "periodSeconds"],
    "additionalProperties": False, "properties": {
        "type": {"enum": ["Pods", "Percent"]}, "value": {"type": "integer", "minimum": 1},
        "periodSeconds": {"type": "integer", "minimum": 1, "maximum": 1800}}}}
RULES = {"type": "object", "required": ["stabilizationWindowSeconds", "policies"],
         "additionalProperties": False, "properties": {
             "stabilizationWindowSeconds": {"type": "integer", "minimum": 0, "maximum": 3600},
             "selectPolicy": {"enum": ["Max", "Min", "Disabled"]}, "policies": POLICIES}}
TRIGGER = {"type": "object", "required": ["type", "metadata"], "additionalProperties": False,
           "properties": {
               "type": {"const": "prometheus"}, "name": {"type": "string"},
               "metricType": {"enum": ["AverageValue", "Value"]},
               "metadata": {"type": "object", "additionalProperties": {"type": "string"},
                            "required": ["serverAddress", "query", "threshold"]}}}
# The parts of other projects' objects that are used here, by their own definitions (KEDA 2,
# prometheus-operator 0.8x).
OWN = {
    ("keda.sh/v1alpha1", "ScaledObject"): {
        "type": "object", "additionalProperties": False, "properties": {**COMMON, "spec": {
            "type": "object", "additionalProperties": False,
            "required": ["scaleTargetRef", "minReplicaCount", "maxReplicaCount", "triggers"],
            "properties": {
                "scaleTargetRef": {"type": "object", "required": ["kind", "name"],
                                   "additionalProperties": False, "properties": {
                                       "apiVersion": {}, "kind": {"const": "StatefulSet"},
                                       "name": {"type": "string"}}},
                "minReplicaCount": {"type": "integer", "minimum": 1},
                "maxReplicaCount": {"type": "integer", "minimum": 1},
                "pollingInterval": {"type": "integer", "minimum": 1},
                "cooldownPeriod": {"type": "integer", "minimum": 300},
                "advanced": {"type": "object", "additionalProperties": False, "properties": {
                    "horizontalPodAutoscalerConfig": {
                        "type": "object", "additionalProperties": False, "properties": {
                            "behavior": {"type": "object", "additionalProperties": False,
                                         "required": ["scaleUp", "scaleDown"], "properties": {
                                             "scaleUp": RULES, "scaleDown": RULES}}}}}},
                "triggers": {"type": "array", "minItems": 1, "items": TRIGGER}}}}},
    ("monitoring.coreos.com/v1", "ServiceMonitor"): {
        "type": "object", "additionalProperties": False, "properties": {**COMMON, "spec": {
            "type": "object", "additionalProperties": False,
            "required": ["selector", "endpoints"], "properties": {
                "selector": {"type": "object", "required": ["matchLabels"],
                             "additionalProperties": False,
                             "properties": {"matchLabels": {"type": "object"}}},
                "endpoints": {"type": "array", "minItems": 1, "items": {
                    "type": "object", "required": ["port", "path"],
                    "additionalProperties": False, "properties": {
                        "port": {"type": "string"}, "path": {"const": "/metrics"},
                        "interval": {"type": "string"}}}}}}}},
    ("kustomize.config.k8s.io/v1beta1", "Kustomization"): {
        "type": "object", "additionalProperties": False, "properties": {
            "apiVersion": {}, "kind": {}, "namespace": {"type": "string"},
            "resources": {"type": "array", "items": {"type": "string"}},
            "labels": {"type": "array"}, "images": {"type": "array"},
            "configMapGenerator": {"type": "array", "items": {
                "type": "object", "additionalProperties": False, "required": ["name", "files"],
                "properties": {"name": {}, "files": {"type": "array"}}}}}},
}


def name_in_wheel(release, document):
    group, _, version = document["apiVersion"].rpartition("/")
    kind, group = document["kind"].lower(), group.split(".")[0]
    middle = f"{group}-{version}" if group else version
    return f"{PACKAGE}/kubernetes-json-schema/{release}-local-strict/{kind}-{middle}.json"


def check_schema(tree, faults, path, document):
    what = f"{document.get('kind')} {document.get('metadata', {}).get('name', '')}"
    own = OWN.get((document.get("apiVersion"), document.get("kind")))
    judges = [("", jsonschema.Draft7Validator(own))] if own else []
    for release in [] if own else RELEASES:
        name = name_in_wheel(release, document)
        if name not in wheel(tree.options.schemas, PACKAGE).namelist():
            faults.expect(False, path, f"{what}: Kubernetes {release} has no such object")
            continue
        judges.append((f" ({release})", validator(tree.options.schemas, PACKAGE, name)))
    for where, judge in judges:
        errors = list(judge.iter_errors(document))
        faults.expect(not errors, path, "; ".join(
            f"{what}{where}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in errors[:3]))


def check_kubernetes(tree, faults):
    folder = tree.deploy / "kubernetes"
    kustomization = tree.yaml("kubernetes/kustomization.yaml")[0]
    generated = {entry["name"]: entry["files"] for entry in kustomization["configMapGenerator"]}
    inputs = [name for names in generated.values() for name in names]
    path = folder / "kustomization.yaml"
    check_schema(tree, faults, path, kustomization)
    present = {file.name for file in folder.iterdir()} - {"kustomization.yaml"}
    named = set(kustomization["resources"]) | set(inputs)
    faults.expect(present == named, path,
                  f"names other files than there are: {', '.join(sorted(present ^ named))}")
    objects = {}
    for name in kustomization["resources"]:
        for document in tree.documents.get(folder / name, []):
            check_schema(tree, faults, folder / name, document)
            objects[document["kind"]] = document
    if faults.found:
        return
    check_references(faults, path, kustomization, generated, objects)
    check_workers(tree, faults, folder / "workers.yaml", objects)
    check_pod(tree, faults, folder / "workers.yaml", objects)
    check_scaling(tree, faults, folder / "scaling.yaml", objects)


def check_references(faults, path, kustomization, generated, objects):
    """Names and labels by which the objects find each other."""
    workers = objects["StatefulSet"]["spec"]
    pod, labels = workers["template"]["spec"], workers["template"]["metadata"]["labels"]
    service, name = objects["Service"], objects["StatefulSet"]["metadata"]["name"]
    namespace = kustomization["namespace"]
    same = {
        "the namespace": (objects["Namespace"]["metadata"]["name"], namespace),
        "serviceName": (workers["serviceName"], service["metadata"]["name"]),
        "serviceAccountName": (pod["serviceAccountName"],
                               objects["ServiceAccount"]["metadata"]["name"]),
        "scaleTargetRef": (objects["ScaledObject"]["spec"]["scaleTargetRef"]["name"], name),
        "the selector of the StatefulSet": (workers["selector"]["matchLabels"], labels),
        "the selector of the Service": (service["spec"]["selector"], labels),
        "the selector of the budget": (
            objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"], labels),
        "the selector of the policy": (
            objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"], labels),
        "the selector of the ServiceMonitor": (
            objects["ServiceMonitor"]["spec"]["selector"]["matchLabels"],
            service["metadata"]["labels"]),
        "the port of the ServiceMonitor": (
            objects["ServiceMonitor"]["spec"]["endpoints"][0]["port"],
            service["spec"]["ports"][0]["name"]),
        "the job of rules and dashboard": (service["metadata"]["name"], "handoff"),
    }
    for what, (one, other) in same.items():
        faults.expect(one == other, path, f"{what} is {one}, not {other}")
    faults.expect(service["spec"].get("clusterIP") == "None", path, "the Service is not headless")
    maps = {volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume}
    faults.expect(maps == set(generated), path, f"the pods mount {maps}, not {set(generated)}")
    images = {image["name"] for image in kustomization["images"]}
    for container in pod["initContainers"] + pod["containers"]:
        faults.expect(container["image"] in images, path,
                      f"no image is given for {container['image']}")
        for source in container["envFrom"]:
            faults.expect(source["secretRef"]["name"] == objects["Secret"]["metadata"]["name"],
                          path, f"there is no secret {source['secretRef']['name']}")
    for trigger in objects["ScaledObject"]["spec"]["triggers"]:
        faults.expect(f'namespace="{namespace}"' in trigger["metadata"]["query"], path,
                      "a query of the ScaledObject asks for another namespace")
    for value in objects["Secret"]["stringData"].values():
        is_plain = re.fullmatch("sasl_ssl|SCRAM-SHA-512", value)
        faults.expect(is_plain or "example" in value, path, "a secret looks like a real one")


def check_workers(tree, faults, path, objects):
    """What the pods are told agrees with the settings they get."""
    values = tree.yaml("kubernetes/handoff.yaml")[0]
    workers = objects["StatefulSet"]["spec"]
    pod = workers["template"]["spec"]
    worker = pod["containers"][0]
    faults.expect(pod["terminationGracePeriodSeconds"]
                  > tree.settings.seconds("shutdown_timeout", values), path,
                  "terminationGracePeriodSeconds is not longer than shutdown_timeout")
    faults.expect(values["http_host"] == "0.0.0.0", path, "probes do not reach 127.0.0.1")
    port = worker["ports"][0]
    faults.expect(port["containerPort"] == values["http_port"], path, "the port is another one")
    for probe, page in (("startupProbe", "/live"), ("livenessProbe", "/live"),
                        ("readinessProbe", "/ready")):
        asked = worker.get(probe, {}).get("httpGet")
        faults.expect(asked == {"path": page, "port": port["name"]}, path, f"{probe}: {asked}")
    live = worker["livenessProbe"]
    watchdog = tree.settings.seconds("stall_timeout", values)
    faults.expect(live["periodSeconds"] * live["failureThreshold"] < watchdog, path,
                  "the watchdog comes before the liveness probe")
    mounts = {mount["name"]: mount["mountPath"] for mount in worker["volumeMounts"]}
    claim = workers["volumeClaimTemplates"][0]["metadata"]["name"]
    faults.expect(mounts.get(claim) == values["state_folder"], path,
                  "the state folder is not on the volume")
    environment = {}
    for name in ("HANDOFF_SETTINGS", "definition"):
        file = values.get(name) or next(entry["value"] for entry in worker["env"]
                                        if entry["name"] == name)
        folder, _, base = file.rpartition("/")
        here = path.parent / base
        faults.expect(folder == mounts["config"] and here.exists(), path, f"{file} is not there")
        environment[name.upper()] = str(here)
    ids = {entry["name"]: entry.get("valueFrom") for entry in worker["env"]}
    faults.expect(ids.get("HANDOFF_INSTANCE_ID") == {"fieldRef": {"fieldPath": "metadata.name"}},
                  path, "HANDOFF_INSTANCE_ID is not the name of the pod")
    tree.expect_good_settings(faults, path, {
        **objects["Secret"]["stringData"], "HANDOFF_INSTANCE_ID": "handoff-0",
        "HANDOFF_SETTINGS": environment["HANDOFF_SETTINGS"],
        "HANDOFF_DEFINITION": environment["DEFINITION"]})
    tree.commands += [(path, container["args"])
                      for container in pod["initContainers"] + pod["containers"]]


def check_pod(tree, faults, path, objects):
    """No more rights than needed, and enough memory."""
    pod = objects["StatefulSet"]["spec"]["template"]["spec"]
    rights = pod["securityContext"]
    faults.expect(pod["automountServiceAccountToken"] is False, path, "mounts a token")
    faults.expect(pod["enableServiceLinks"] is False, path,
                  "variables of Services would look like settings")
    faults.expect(rights["runAsNonRoot"] and rights["runAsUser"] > 0, path, "runs as root")
    faults.expect(rights["seccompProfile"] == {"type": "RuntimeDefault"}, path, "no seccomp")
    image = tree.texts[tree.deploy / "container/Containerfile"]
    faults.expect(f"USER {rights['runAsUser']}:{rights['runAsGroup']}" in image, path,
                  "the image has another user")
    for container in pod["initContainers"] + pod["containers"]:
        own = container["securityContext"]
        faults.expect(own == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                              "capabilities": {"drop": ["ALL"]}}, path,
                      f"{container['name']} may do more than it needs")
    resources = pod["containers"][0]["resources"]
    peak = capacity.MEASURED["peak_memory"].value * 1e6
    faults.expect(memory(resources["requests"]["memory"]) > peak, path,
                  "asks for less memory than was measured (capacity.py)")
    faults.expect(memory(resources["limits"]["memory"]) >= 2 * peak, path,
                  "the limit of memory leaves no room above what was measured (capacity.py)")


def memory(text):
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", text).groups()
    return int(number) << {"Mi": 20, "Gi": 30}[unit]


def check_scaling(tree, faults, path, objects):
    values = tree.yaml("kubernetes/handoff.yaml")[0]
    spec = objects["ScaledObject"]["spec"]
    faults.expect(spec["maxReplicaCount"] == values["partitions"], path,
                  f"maxReplicaCount is not the number of partitions, {values['partitions']}")
    faults.expect(spec["minReplicaCount"] <= spec["maxReplicaCount"], path, "min is above max")
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    session = tree.settings.seconds("session_timeout", values)
    down = behavior["scaleDown"]
    faults.expect(down["stabilizationWindowSeconds"] >= 300
                  and all(rule["type"] == "Pods" and rule["value"] == 1
                          and rule["periodSeconds"] > 2 * session
                          for rule in down["policies"]), path,
                  "pods are taken away faster than the group can follow")
    faults.expect("replicas" not in objects["StatefulSet"]["spec"], path,
                  "the StatefulSet has replicas of its own, which an apply would go back to")
    thresholds = {trigger["name"]: float(trigger["metadata"]["threshold"])
                  for trigger in spec["triggers"]}
    faults.expect(thresholds["throughput"] <= capacity.planned_rate(), path,
                  "a worker is expected to take more than capacity.py plans with")
    # Planned with half of its speed, a worker has as much again to work off a backlog.
    faults.expect(MOMENT <= thresholds["lag"] / thresholds["throughput"] <= PATIENCE, path,
                  f"a backlog is to be worked off in {MOMENT} to {PATIENCE} s without more pods")
