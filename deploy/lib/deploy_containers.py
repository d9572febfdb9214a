"""The image and the composition."""
import re
import subprocess
from pathlib import Path

from deploy_files import seconds, validator

COMPOSE = ("check_jsonschema", "check_jsonschema/builtin_schemas/vendor/compose-spec.json")
# One broker cannot hold the three replicas that Kafka asks for by default.
ONE_NODE = ["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR", "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "KAFKA_MIN_INSYNC_REPLICAS",
            "KAFKA_DEFAULT_REPLICATION_FACTOR"]
OF_LIBRARY = {"librdkafka.so": "librdkafka1", "libsimdjson.so": "libsimdjson14",
              "libsqlite3.so": "libsqlite3-0"}


def check_compose(tree, faults):
    path = tree.deploy / "container/compose.yaml"
    document = tree.documents[path][0]
    errors = list(validator(tree.options.schemas, *COMPOSE).iter_errors(document))
    faults.expect(not errors, path, "; ".join(
        f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in errors[:3]))
    if errors:
        return
    services, volumes = document["services"], set(document["volumes"])
    for name, service in services.items():
        image = service.get("image", "")
        faults.expect(":" in image and not image.endswith(":latest"), path,
                      f"{name} has an image of no certain version")
        for port in service.get("ports", []):
            faults.expect(str(port).startswith("127.0.0.1:"), path,
                          f"{name} publishes {port} beyond this machine")
        waits = service.get("depends_on", {})
        for other in waits:
            faults.expect(other in services, path, f"{name} waits for {other}, which is not there")
            if isinstance(waits, dict) and waits[other]["condition"] == "service_healthy":
                faults.expect("healthcheck" in services[other], path,
                              f"{name} waits for the health of {other}, which tells none")
        for mount in service.get("volumes", []):
            source, colon, _ = mount.partition(":")
            if colon and source.startswith("."):
                faults.expect((path.parent / source).exists(), path, f"there is no {source}")
            elif colon:
                faults.expect(source in volumes, path, f"the volume {source} is not declared")
    check_broker(faults, path, services["kafka"]["environment"])
    check_replicas(tree, faults, path, services)


def check_broker(faults, path, kafka):
    for name in ONE_NODE:
        faults.expect(kafka.get(name) == "1", path, f"{name} has to be 1 on one node")
    listeners = dict(re.findall(r"(\w+)://[^:,]*:(\d+)", kafka["KAFKA_LISTENERS"]))
    advertised = dict(re.findall(r"(\w+)://[^:,]*:(\d+)", kafka["KAFKA_ADVERTISED_LISTENERS"]))
    kinds = dict(re.findall(r"(\w+):(\w+)", kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"]))
    faults.expect(set(kinds) == set(listeners), path, "listeners without a protocol")
    faults.expect(all(listeners.get(name) == port for name, port in advertised.items()), path,
                  "a port is advertised that nobody listens to")
    faults.expect(set(listeners) - set(advertised) == {kafka["KAFKA_CONTROLLER_LISTENER_NAMES"]},
                  path, "all listeners but the controller's are advertised")
    voter = f"{kafka['KAFKA_NODE_ID']}@kafka:{listeners['CONTROLLER']}"
    faults.expect(kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voter, path, f"the voter is {voter}")


def check_replicas(tree, faults, path, services):
    worker, topics = services["worker"], services["topics"]
    environment = worker["environment"]
    faults.expect(seconds(worker["stop_grace_period"])
                  > tree.settings.seconds("shutdown_timeout"), path,
                  "stop_grace_period is not longer than shutdown_timeout")
    replicas = worker["deploy"]["replicas"]
    first, last, inside = re.fullmatch(
        r"127\.0\.0\.1:(\d+)-(\d+):(\d+)", worker["ports"][0]).groups()
    faults.expect(int(last) - int(first) + 1 == replicas, path, "a port for each replica")
    faults.expect(inside == environment["HANDOFF_HTTP_PORT"], path, "publishes another port")
    faults.expect(replicas <= int(environment["HANDOFF_PARTITIONS"]), path,
                  "more workers than partitions")
    faults.expect("/var/lib/handoff" in worker["volumes"], path,
                  "each replica needs a state folder of its own")
    faults.expect(replicas == 1 or "HANDOFF_INSTANCE_ID" not in environment, path,
                  "replicas of one service would all have the same instance id")
    for name, service in (("worker", worker), ("topics", topics)):
        faults.expect(service.get("read_only") and service.get("cap_drop") == ["ALL"], path,
                      f"{name} may do more than it needs")
        tree.commands.append((path, service["command"]))
    tree.expect_good_settings(faults, path, {
        **environment, "HANDOFF_DEFINITION": str(tree.deploy / "sample/definition.yaml")})


def instructions(text):
    joined = re.sub(r"\\\n(?:\s*#.*\n)*", " ", text)
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines]


def check_containerfile(tree, faults):
    path = tree.deploy / "container/Containerfile"
    found = instructions(tree.texts[path])
    starts = [index for index, (name, _) in enumerate(found) if name == "FROM"]
    last = found[starts[-1]:]
    allowed = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "VOLUME", "USER", "STOPSIGNAL",
               "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    for name, words in found:
        faults.expect(name in allowed, path, f"{name} is not used here")
        if name == "FROM":
            faults.expect(re.fullmatch(r"[a-z]+:[a-z0-9.-]+( AS \w+)?", words), path,
                          f"FROM {words}: a short name with a version")
            faults.expect("bookworm" in words, path, "both stages have to be of one Debian")
        if name == "RUN":
            faults.expect("curl" not in words and "wget" not in words, path, "downloads something")
            faults.expect("apt-get install" not in words or "--no-install-recommends" in words
                          and "rm -rf /var/lib/apt/lists" in words, path,
                          "installs more than is named, or leaves lists behind")
    texts = {name: words for name, words in last}
    faults.expect(re.fullmatch(r"[1-9]\d*:[1-9]\d*", texts.get("USER", "")), path,
                  "the user has to be a number other than 0")
    faults.expect(texts.get("STOPSIGNAL") == "SIGTERM", path, "the worker drains on SIGTERM")
    faults.expect("/live" in texts.get("HEALTHCHECK", ""), path, "health is what /live says")
    faults.expect("--static-swift-stdlib" in tree.texts[path], path,
                  "the last stage has no Swift runtime")
    copied = {words.split()[0] for name, words in found[:starts[-1]] if name == "COPY"}
    kept = set(re.findall(r"(?m)^!(.+)$", tree.texts[path.parent / "Containerfile.dockerignore"]))
    faults.expect(copied == kept, path, f"copies {copied}, and {kept} is sent to the build")
    environment = dict(re.findall(r"(HANDOFF_\w+)=(\S+)", texts["ENV"]))
    faults.expect(environment.get("HANDOFF_STATE_FOLDER") == texts.get("VOLUME"), path,
                  "the state folder is not the volume")
    tree.commands.append((path, re.findall(r'"(\w+)"', texts["CMD"])))
    installed = set(re.findall(r"[a-z0-9.+-]+", " ".join(
        words for name, words in last if name == "RUN")))
    for package in {"tzdata", "ca-certificates"} | packages_of(tree):
        faults.expect(package in installed, path, f"the last stage lacks {package}")


def packages_of(tree):
    """The packages of the libraries that the program links, Swift's own apart."""
    release = Path("/etc/os-release")
    if not release.exists() or "bookworm" not in release.read_text():
        tree.skip("what Debian calls the packages of the libraries: this is not bookworm")
        return set(OF_LIBRARY.values())
    shown = subprocess.run(["ldd", tree.options.handoff], capture_output=True, text=True).stdout
    packages = set()
    for library in OF_LIBRARY:
        place = re.search(rf"{re.escape(library)}\S* => (\S+)", shown)
        # dpkg knows some of them under /usr/lib and some under /lib, which are one folder.
        for name in [place[1], place[1].removeprefix("/usr"), "/usr" + place[1]] if place else []:
            done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
            packages |= {done.stdout.split(":")[0]} if done.returncode == 0 else set()
    return packages or set(OF_LIBRARY.values())
