"""The rules, their tests, the runbook and the dashboard, against each other and the metrics."""
import re
import tempfile
from pathlib import Path

import yaml

# What Prometheus, its discovery and histograms add to the labels of a metric.
ADDED_LABELS = {"job", "instance", "namespace", "pod", "le", "alertname", "alertstate"}
PANELS = {"row", "timeseries", "stat", "table", "state-timeline"}
SEVERITIES = {"critical", "warning"}
# For each of two workers: records taken a second, records waiting at first, and how many more of
# them each second; and what arrives.
ARRIVALS = [("steady", 10_000, 20, 0, 10_000), ("catch-up", 40_000, 90_000_000, -30_000, 10_000),
            ("overload", 20_000, 0, 5_000, 25_000), ("idle", 0, 0, 0, 0),
            ("records that retention took", 0, 9_000_000, -50, 0)]
SCHEMAS = Path(__file__).resolve().parent.parent.parent / "schemas"


def metric_of(metrics, name):
    """The metric that a series belongs to; histograms have three kinds of series."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    if base != name and metrics.get(base, ("",))[0] == "histogram":
        return base
    return name if metrics.get(name, ("histogram",))[0] != "histogram" else None


def check_query(tree, faults, path, query):
    """Metrics, labels and codes of a query are ones that the worker has."""
    metrics, codes = tree.metrics, all_codes()
    labels = set(ADDED_LABELS)
    for name, selector in re.findall(
            r"\b((?:handoff|process)_\w+)(?:\{((?:[^{}\"]|\"[^\"]*\")*)\})?", query):
        metric = metric_of(metrics, name)
        faults.expect(metric, path, f"there is no metric {name} in schemas/metrics.md")
        if metric is None:
            continue
        labels |= metrics[metric][1]
        for label, operator, value in re.findall(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"', selector):
            faults.expect(label in metrics[metric][1] | ADDED_LABELS, path,
                          f"{name} has no label {label}")
            if operator == "=" and label in (
                    "type", "state", "status", "source", "reason", "result"):
                faults.expect(value in codes, path, f"{label}=\"{value}\" is no code")
    for names in re.findall(r"\b(?:by|on|ignoring|without)\s*\(([^)]*)\)", query):
        for label in re.findall(r"\w+", names):
            faults.expect(label in labels, path, f"no metric of the query has a label {label}")


def all_codes():
    if not all_codes.known:
        for file in SCHEMAS.glob("*.*"):
            all_codes.known |= set(re.findall(r"[\w.]+", file.read_text()))
    return all_codes.known


all_codes.known = set()


def rules_of(tree):
    return [rule for group in tree.yaml("prometheus/rules.yaml")[0]["groups"]
            for rule in group["rules"]]


def check_rule_tests(tree, faults):
    path = tree.deploy / "prometheus/rules-test.yaml"
    is_good, output = tree.promtool("test", "rules", path)
    faults.expect(is_good, path, f"promtool test rules: {output}")


def check_rules(tree, faults):
    path, tests = tree.deploy / "prometheus/rules.yaml", tree.deploy / "prometheus/rules-test.yaml"
    is_good, output = tree.promtool("check", "rules", path)
    faults.expect(is_good, path, f"promtool check rules: {output}")
    cases = {}
    for test in tree.yaml("prometheus/rules-test.yaml")[0]["tests"]:
        for case in test.get("alert_rule_test", []):
            cases.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    names = [rule["alert"] for rule in rules_of(tree)]
    faults.expect(len(set(names)) == len(names), path, "two alerts have one name")
    for rule in rules_of(tree):
        name = rule["alert"]
        check_query(tree, faults, path, rule["expr"])
        faults.expect(rule["labels"].get("severity") in SEVERITIES, path,
                      f"{name} has no severity of {sorted(SEVERITIES)}")
        faults.expect(rule["annotations"].get("summary"), path, f"{name} has no summary")
        faults.expect(rule["annotations"].get("runbook") == f"deploy/runbook.md#{name.lower()}",
                      path, f"{name} does not name its entry of the runbook")
        faults.expect(cases.get(name) == {True, False}, tests,
                      f"{name} needs a case that fires and one that does not")
    runbook = tree.deploy / "runbook.md"
    entries = re.findall(r"(?m)^### (\w+)\n(\w+)\.", tree.texts[runbook])
    severities = {rule["alert"]: rule["labels"].get("severity") for rule in rules_of(tree)}
    for name in names:
        faults.expect(name in dict(entries), runbook, f"{name} has no entry")
    for name, severity in entries:
        faults.expect(name in names, runbook, f"{name} is no alert")
        faults.expect(severities.get(name, severity) == severity, runbook,
                      f"{name} has another severity in the rules")


def check_dashboard(tree, faults):
    path = tree.deploy / "grafana/handoff.json"
    board = tree.documents[path][0]
    variables = {variable["name"] for variable in board["templating"]["list"]}
    numbers, taken = set(), {}
    for panel in board["panels"]:
        faults.expect(panel["id"] not in numbers, path, f"two panels have the id {panel['id']}")
        numbers.add(panel["id"])
        faults.expect(panel["type"] in PANELS, path, f"{panel['title']}: type {panel['type']}")
        place = panel["gridPos"]
        faults.expect(place["x"] + place["w"] <= 24, path, f"{panel['title']} is out of the page")
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        over = {taken[cell] for cell in cells if cell in taken}
        faults.expect(not over, path, f"{panel['title']} lies over {', '.join(sorted(over))}")
        taken.update(dict.fromkeys(cells, panel["title"]))
        faults.expect(panel["type"] == "row" or panel.get("targets") and panel.get("description"),
                      path, f"{panel['title']} shows or explains nothing")
    for query in queries_of(board):
        for name in re.findall(r"\$\{?(\w+)", query):
            faults.expect(name in variables | {"__rate_interval"}, path,
                          f"there is no variable ${name}")
        check_query(tree, faults, path, re.sub(r"^label_values\((.*), \w+\)$", r"\1", query))
    provider = tree.yaml("grafana/provisioning/dashboards/handoff.yaml")[0]["providers"][0]
    mounts = tree.yaml("container/compose.yaml")[0]["services"]["grafana"]["volumes"]
    faults.expect(any(f":{provider['options']['path']}/handoff.json:" in str(mount)
                      for mount in mounts), path, "is not where Grafana looks for dashboards")


def queries_of(board):
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    found += [note["expr"] for note in board["annotations"]["list"]]
    return found + [variable["definition"] for variable in board["templating"]["list"]
                    if variable["type"] == "query"]


def check_prometheus(tree, faults):
    path = tree.deploy / "prometheus/prometheus.yml"
    is_good, output = tree.promtool("check", "config", path)
    faults.expect(is_good, path, f"promtool check config: {output}")
    compose = tree.yaml("container/compose.yaml")[0]["services"]
    job = tree.documents[path][0]["scrape_configs"][0]
    discovery = job["dns_sd_configs"][0]
    faults.expect(job["job_name"] == "handoff", path, "rules and dashboard go by the job handoff")
    faults.expect(discovery["names"][0] in compose, path, "scrapes no service of compose.yaml")
    port = compose["worker"]["environment"]["HANDOFF_HTTP_PORT"]
    faults.expect(str(discovery["port"]) == port, path, f"the workers serve on port {port}")


def check_arrival(tree, faults):
    """The scaler's query says what arrives, whatever the workers take meanwhile."""
    path = tree.deploy / "kubernetes/scaling.yaml"
    query = next(trigger["metadata"]["query"]
                 for trigger in tree.documents[path][0]["spec"]["triggers"]
                 if trigger["name"] == "throughput")
    labels = '{namespace="handoff",pod="%s"}'
    tests = [{
        "name": what, "interval": "30s",
        "input_series": [{"series": f"handoff_{name}{labels % pod}", "values": values}
                         for pod in "ab" for name, values in (
                             ("records_total", f"0+{taken * 30}x40"),
                             ("lag_records", f"{waiting}{slope * 30:+}x40"))],
        "promql_expr_test": [{"expr": query, "eval_time": "15m", "exp_samples": [
            {"labels": "{}", "value": 2 * arriving}]}],
    } for what, taken, waiting, slope, arriving in ARRIVALS]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "arrival.yaml"
        scratch.write_text(yaml.safe_dump({"evaluation_interval": "30s", "tests": tests}))
        is_good, output = tree.promtool("test", "rules", scratch)
    faults.expect(is_good, path, f"the query of what arrives: {output}")


def check_queries(tree, faults):
    """promtool reads rules only, so each query becomes the rule of a scratch file."""
    queries = [(tree.deploy / "grafana/handoff.json", query)
               for query in queries_of(tree.yaml("grafana/handoff.json")[0])
               if not query.startswith("label_values")]
    scaling = tree.deploy / "kubernetes/scaling.yaml"
    for trigger in tree.documents[scaling][0]["spec"]["triggers"]:
        check_query(tree, faults, scaling, trigger["metadata"]["query"])
        queries.append((scaling, trigger["metadata"]["query"]))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "queries.yaml"

        def parses(some):
            rules = [{"record": f"query_{index}", "expr": re.sub(
                r"\$\{?\w+\}?", "x", query.replace("$__rate_interval", "5m"))}
                for index, (_, query) in enumerate(some)]
            scratch.write_text(yaml.safe_dump({"groups": [{"name": "q", "rules": rules}]}))
            return tree.promtool("check", "rules", scratch)

        if parses(queries)[0]:
            faults.passed += len(queries)
            return
        for path, query in queries:
            is_good, output = parses([(path, query)])
            faults.expect(is_good, path, f"{query}: {output}")
