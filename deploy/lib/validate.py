#!/usr/bin/env python3
"""Judges schemas, samples and real messages, independently of the program that writes them.

    validate.py                                  the schemas themselves, with what they must refuse
    validate.py --stream FILE.jsonl              messages: {"topic","key","headers","value"} a line
    validate.py --topics BOOTSTRAP [--prefix P]  the output topics of a broker, read_committed
    validate.py --report FILE.json               what `handoff report --format json` wrote
    validate.py --letters FILE.json              what `handoff dead-letters list --format json` wrote

Beside its schema, a message must have its keys in the schema's order, no number with more than two
decimals among its scores, ids that can be computed again from its content, and headers that agree
with its body. Over a whole stream no MQL, alert or CloudEvents id may come twice. --complete says
that the stream starts with the first message ever, so counters must start at 1. --prefix is taken
off topic names; --limit bounds how many faults are shown. Exit 0 only if all is well.
"""
import argparse
import copy
import json
import re
import sys

import jsonschema
import yaml

from judge import (ALERTS, DEAD_LETTERS, NURTURE, OF_INPUT_TOPIC, OF_TYPE, OUTPUTS, ROOT, SCHEMA,
                   SCHEMAS, Judge, body_faults, computed, faults_of, judge_stream, judge_topics,
                   parse, pick, plain, report_judge, resolve, validator)

SAMPLES = SCHEMAS / "samples"
EXAMPLES = ROOT / "Tests/TestSupport/Fixtures/examples.json"
DEFINITIONS = [ROOT / "Tests/TestSupport/Fixtures/definition.example.yaml",
               ROOT / "deploy/sample/definition.yaml"]
INPUTS = ["lead", "activity", "disposition", "account", "campaign", "suppression"]
OTHERS = ["dead-letter-headers", "cloudevents-headers", "definition", "settings", "report",
          "status", "dead-letters", "redrive"]

# --- The schemas themselves -----------------------------------------------------------------------

class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's idea of scalars: NO is a country, a date is text, only true and false are truth."""


CoreLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp",
                           "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile("^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789"))


# Schema, sample, path, value ("..." = remove): what must be refused beyond the mechanical cases.
REFUSED = [
    ("mql", "first", "mql_id", "0d8b5cba-c9b6-467d-ada7-4a1a00340d9a"),
    ("mql", "first", "qualified_at", "2026-09-07T10:05:00Z"),
    ("mql", "first", "qualified_at", "2026-13-07T10:05:00.000Z"),
    ("mql", "first", "novelty", "requalified"),
    ("mql", "first", "cycle", 0),
    ("mql", "first", "cycle", 2),
    ("mql", "first", "product", "CRM"),
    ("mql", "first", "account", {}),
    ("mql", "first", "reasons.0.points", 0),
    ("mql", "first", "reasons.0.evidence", {"count": 1, "last_on": "2026-09-07"}),
    ("mql", "first", "reasons.3.evidence", {"company.region": "core"}),
    ("mql", "first", "reasons.3.evidence.count", 0),
    ("mql", "first", "reasons.3.evidence.last_on", "2026-02-30"),
    ("mql", "first", "lead.country", "us"),
    ("mql", "first", "recent_activity", [{"type": "x", "at": "2026-09-07T10:05:00.000Z"}] * 6),
    ("mql", "first", "definition.sha256", "abc"),
    ("mql", "requalified", "previous.0.disposition", "ignored"),
    ("mql-withdrawn", "erased", "codes", ["no_consent"]),
    ("mql-withdrawn", "suppressed", "codes", []),
    ("mql-withdrawn", "suppressed", "codes", ["too_small"]),
    ("mql-withdrawn", "suppressed", "reason", "expired"),
    ("mql-lapsed", "never-answered", "type", "mql.withdrawn"),
    ("mql-updated", "pricing", "score.engagement", ...),
    ("mql-updated", "pricing", "why_now.at", ...),
    ("mql-updated", "pricing", "follow_up_by", "2026-09-07T16:40:00.000Z"),
    ("nurture", "not-ready", "reasons", []),
    ("nurture", "not-ready", "reasons", [{"code": "open"}]),
    ("nurture", "not-ready", "reasons.1.needed", ...),
    ("nurture", "not-ready", "mql_id", "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a"),
    ("nurture", "not-ready", "product", ...),
    ("nurture", "not-ready", "score.engagement", ...),
    ("nurture", "not-ready", "status", "ready"),
    ("nurture", "no-product", "score.engagement", 0),
    ("nurture", "no-product", "product", "crm"),
    ("nurture", "handed-off", "mql_id", ...),
    ("nurture", "handed-off", "reasons", [{"code": "open"}, {"code": "won"}]),
    ("nurture", "recycled", "reasons", [{"code": "engagement", "needed": 1, "actual": 0}]),
    ("nurture", "suppressed", "reasons", [{"code": "unsubscribed"}]),
    ("nurture", "waiting-for-capacity", "reasons", [{"code": "paused"}]),
    ("nurture", "waiting-for-capacity", "mql_id", "0d8b5cba-c9b6-567d-ada7-4a1a00340d9a"),
    ("nurture", "erased", "as_of", "2026-09-22"),
    ("alert", "warning", "level", 2),
    ("alert", "escalated", "level", 4),
    ("alert", "breached", "type", "sla.late"),
    ("cloudevents-headers", "mql", "handoff.partition", ...),
    ("cloudevents-headers", "mql", "ce_specversion", "0.3"),
    ("cloudevents-headers", "mql", "ce_source", "handoff/"),
    ("cloudevents-headers", "mql", "handoff.partition", 4),
    ("dead-letter-headers", "bad-timestamp", "handoff.error.reason", "odd"),
    ("dead-letter-headers", "bad-timestamp", "handoff.error.offset", "-1"),
    ("lead", "captured", "type", "lead.merged"),
    ("lead", "captured", "occurred_at", "2026-09-07 morning"),
    ("lead", "captured", "occurred_at", "2026-09-07T09:00:00"),
    ("lead", "captured", "occurred_at", "1999-12-31T23:59:59Z"),
    ("lead", "captured", "event_id", "x" * 101),
    ("lead", "captured", "lead_id", "  "),
    ("lead", "captured", "email", "not an address"),
    ("lead", "captured", "country", "Narnia"),
    ("lead", "captured", "employees", True),
    ("lead", "captured", "employees", 2**53 + 2),
    ("disposition", "won", "revenue", 2**53 + 2),
    ("lead", "captured", "employees", 49.5),
    ("lead", "captured", "consent.contact", "yes"),
    ("activity", "download", "type", "x" * 65),
    ("activity", "download", "properties.asset", {}),
    ("disposition", "rejected", "reason", ...),
    ("disposition", "rejected", "reason", " "),
    ("disposition", "accepted", "type", "maybe"),
    ("account", "acme", "status", "friend"),
    ("suppression", "domain", "entry", "rival"),
    ("settings", "everything", "sla_clock", "lunar"),
    ("settings", "everything", "commit_interval", "fast"),
    ("settings", "everything", "http_port", 70000),
    ("settings", "everything", "comit_interval", "100ms"),
    ("settings", "everything", "http_host", "a host"),
    ("status", "restoring", "phase", "lost"),
    ("status", "restoring", "lanes.0.state", "idle"),
    ("status", "restoring", "lanes.0.lag_records", -1),
    ("status", "restoring", "definition.sha256", "abc"),
    ("dead-letter-headers", "bad-timestamp", "handoff.redrives", "many"),
    ("dead-letters", "two-groups", "letters", 2.5),
    ("dead-letters", "two-groups", "groups.0.samples.0.offset", -1),
    ("dead-letters", "two-groups", "groups.0.samples.0.redriven", ...),
    ("dead-letters", "two-groups", "groups.0.samples.0.value", "x"),
    ("dead-letters", "two-groups", "as_of", "2026-11-22"),
    ("redrive", "unknown-mql", "redrives", 0),
    ("redrive", "unknown-mql", "source.topic", ...),
    ("report", "small", "total.mqls", 2.5),
    ("report", "small", "total.mqls", -1),
    ("report", "small", "total.revenue", None),
    ("report", "small", "total.speed_to_lead.share_within_deadline", 1.01),
    ("report", "small", "by_product.0.standing.waiting", ...),
    ("report", "small", "by_product.0.campaign", "c"),
    ("report", "small", "criteria.0.group", "luck"),
    ("report", "small", "as_of", "2026-09-30"),
    ("definition", "", "treshold", 1),
    ("definition", "", "fit.0.weight", 1),
    ("definition", "", "products.0.default_owners", "x"),
    ("definition", "", "products.0.id", "CRM"),
    ("definition", "", "products.0.follow_up_within", "1 day"),
    ("definition", "", "fit.1.when", {"field": "company.size", "at_least": 1}),
    ("definition", "", "fit.1.when", {"field": "company.employees", "at_least": 1, "at_most": 2}),
    ("definition", "", "fit.1.when", {"all": []}),
    ("definition", "", "fit.1.first_of", []),
    ("definition", "", "engagement.0.where", {"field": "lead.country", "equals": "US"}),
    ("definition", "", "engagement.0.points", ...),
    ("definition", "", "regions.core.0", True),
    ("definition", "", "rejection_reasons.bad_timing.action", "forget"),
    ("definition", "", "rejection_reasons.bad_timing.after_days", ...),
    ("definition", "", "effective_from", "soon"),
    ("definition", "", "required.0", "account.status"),
    ("definition", "signals", "products.0.business_hours.days.0", "Monday"),
    ("definition", "signals", "products.0.business_hours.days", []),
    ("definition", "signals", "products.0.business_hours.from", "24:00"),
    ("definition", "signals", "products.0.business_hours.to", "9:00"),
    ("definition", "signals", "products.0.business_hours.time_zone", ...),
    ("definition", "signals", "products.0.business_hours.holidays.0", "25 December"),
    ("definition", "signals", "products.0.daily_capacity", 0),
    ("definition", "signals", "engagement.0.notify", "yes"),
    ("definition", "signals", "withdraws_consent", "do_not_contact"),
]


# What every message of a kind carries, said a second time so that no schema can forget it.
ALWAYS = {
    "mql": "type mql_id lead_id product cycle novelty qualified_at follow_up_by definition score "
           "hand_raise reasons why_now summary lead source recent_activity route also_open previous",
    "mql-withdrawn": "type mql_id lead_id product cycle reason codes as_of",
    "mql-lapsed": "type mql_id lead_id product cycle as_of",
    "mql-updated": "type mql_id lead_id product cycle definition score reasons why_now summary "
                   "as_of",
    "alert": "type mql_id lead_id product follow_up_by level as_of",
    "statusChanged": "type lead_id status reasons score as_of definition lead source",
    "erased": "type lead_id as_of",
    "lead": "event_id type occurred_at lead_id", "activity": "event_id type occurred_at lead_id",
    "disposition": "event_id type occurred_at lead_id mql_id product"}


class Checks:
    """Counts what was checked and keeps what failed."""

    def __init__(self):
        self.passed, self.failed = 0, []

    def expect(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed.append(what)

    def none(self, faults, what):
        self.expect(not faults, f"{what}: {'; '.join(list(faults)[:3])}" if faults else what)


def load_yaml(path):
    return yaml.load(path.read_text(), CoreLoader)


def load_samples():
    samples = {}
    for path in sorted(SAMPLES.glob("*.json")):
        name, _, case = path.stem.partition(".")
        samples[name, case] = parse(path.read_text())
    return samples


def check_schemas(checks):
    expected = set(INPUTS + OUTPUTS + OTHERS)
    checks.expect(set(SCHEMA) == expected, f"schemas are {sorted(SCHEMA)}")
    for name, fields in ALWAYS.items():
        part = SCHEMA[name] if name in SCHEMA else SCHEMA["nurture"]["$defs"][name]
        checks.expect(part["required"] == fields.split(), f"{name}: requires {part['required']}")
    shared = {}
    for name, schema in SCHEMA.items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
            checks.passed += 1
        except jsonschema.SchemaError as error:
            checks.failed.append(f"{name}: {error.message}")
        checks.expect(schema["$id"].endswith(f"/{name}.json"), f"{name}: $id {schema['$id']}")
        checks.none(list(undescribed(schema, schema, name)), f"{name}: descriptions")
        for part, content in schema.get("$defs", {}).items():
            if name in OUTPUTS and part != "reason":
                same = shared.setdefault(part, (name, content))
                checks.expect(same[1] == content, f"{part} of {name} differs from {same[0]}'s")
            if name in OUTPUTS:
                checks.none(list(loose(content, f"{name}.{part}")), f"{name}.{part}: strict")
        if name in OUTPUTS:
            checks.none(list(loose(schema, name)), f"{name}: strict")


def undescribed(root, part, path):
    """Properties without a description, their own or that of what they refer to."""
    if isinstance(part, dict):
        for key, value in part.get("properties", {}).items() if isinstance(
                part.get("properties"), dict) else []:
            if isinstance(value, dict) and ("type" in value or "$ref" in value or "enum" in value):
                if "description" not in value and "description" not in resolve(root, value):
                    yield f"{path}.{key} has no description"
        for key, value in part.items():
            if key not in ("if", "then", "else", "allOf", "oneOf"):
                yield from undescribed(root, value, f"{path}.{key}")
    elif isinstance(part, list):
        for value in part:
            yield from undescribed(root, value, path)


def loose(part, path):
    """Objects of an output that would let unknown fields through."""
    if isinstance(part, dict):
        if part.get("type") == "object" and part.get("additionalProperties") is not False:
            if not path.endswith(".evidence"):    # closed by the group's own rule
                yield f"{path} is open"
        for key, value in part.items():
            if key not in ("if", "then", "else", "$defs"):
                yield from loose(value, f"{path}.{key}")
    elif isinstance(part, list):
        for value in part:
            yield from loose(value, path)


def check_samples(checks, samples):
    for name in SCHEMA:
        checks.expect(name == "definition" or any(kind == name for kind, _ in samples),
                      f"no sample of {name}")
    for (name, case), sample in samples.items():
        title = f"sample {name}.{case}"
        if name not in SCHEMA:
            checks.failed.append(f"{title}: no such schema")
        elif name in OUTPUTS:
            checks.none(body_faults(name, sample), title)
        elif name == "report":
            checks.none(report_faults(plain(sample)), title)
        elif name == "dead-letters":
            checks.none(letters_faults(plain(sample)), title)
        else:
            checks.none(faults_of(name, plain(sample)), title)
    # The samples of one conversation also make a stream.
    judge = Judge()
    for name, case, ce in (("mql", "first", "mql"), ("nurture", "erased", "erased")):
        headers = plain(samples["cloudevents-headers", ce])
        topic = "sales.mql.crm" if name == "mql" else NURTURE
        judge.take(case, topic, "a", headers, samples[name, case])
    checks.none(judge.faults, "samples as a stream")
    for header, wrong in (("ce_id", computed("x")), ("ce_type", "mql.lapsed"), ("ce_subject", "b"),
                          ("ce_time", "2026-09-07T10:05:00.001Z"), ("ce_source", "handoff/other")):
        judge = Judge()
        headers = {**plain(samples["cloudevents-headers", "mql"]), header: wrong}
        judge.take("changed", "sales.mql.crm", "a", headers, samples["mql", "first"])
        checks.expect(judge.faults, f"a wrong header {header} is let through")
    headers = plain(samples["cloudevents-headers", "mql"])
    for what, topic, key in (("key", "sales.mql.crm", "b"), ("topic", ALERTS, "a"),
                             ("route", "sales.mql.billing", "a")):
        judge = Judge()
        judge.take("changed", topic, key, headers, samples["mql", "first"])
        checks.expect(judge.faults, f"a wrong {what} is let through")
    judge = Judge()
    for place in ("first", "second"):
        judge.take(place, "sales.mql.crm", "a", headers, samples["mql", "first"])
    checks.expect(judge.faults, "an MQL sent twice is let through")


def set_at(value, path, new):
    value = copy.deepcopy(value)
    at, steps = value, [int(step) if step.isdigit() else step for step in path]
    for step in steps[:-1]:
        at = at[step]
    if new is ...:
        del at[steps[-1]]
    else:
        at[steps[-1]] = new
    return value


def check_refusals(checks, samples, definition):
    """The schemas can fail: every required field, every unknown one, every null."""
    for name, case, path, wrong in REFUSED:
        sample = definition if (name, case) == ("definition", "") else plain(samples[name, case])
        steps = path.split(".") if "handoff." not in path else [path]
        checks.expect(faults_of(name, set_at(sample, steps, wrong)),
                      f"{name}.{case}: {path} = {wrong!r} is let through")
    for (name, case), sample in samples.items():
        sample = plain(sample)
        part = pick(SCHEMA[name], SCHEMA[name], sample)
        for key in part["required"] if "required" in part else []:
            for wrong in (..., None, []):
                if isinstance(sample[key], list) and wrong == []:
                    continue
                checks.expect(faults_of(name, set_at(sample, [key], wrong)),
                              f"{name}.{case}: {key} = {wrong!r} is let through")
        if name in OUTPUTS:
            for path in containers(sample):
                changed = set_at(sample, [*path, "surplus"], 1)
                checks.expect(faults_of(name, changed), f"{name}.{case}: {path}.surplus")
            for path in leaves(sample):
                checks.expect(faults_of(name, set_at(sample, path, None)),
                              f"{name}.{case}: null at {path} is let through")
            turned = dict(reversed(sample.items()))
            checks.expect(body_faults(name, turned), f"{name}.{case}: any order is let through")
    long = set_at(plain(samples["nurture", "not-ready"]), ["score", "fit"], 20.001)
    checks.expect(body_faults("nurture", long), "three decimals are let through")
    false_id = set_at(plain(samples["mql-lapsed", "never-answered"]), ["cycle"], 2)
    checks.expect(body_faults("mql-lapsed", false_id), "an mql_id of another cycle is let through")
    for name, case in (("mql", "first"), ("mql-updated", "pricing")):
        false_sum = set_at(plain(samples[name, case]), ["score", "fit"], 41)
        checks.expect(body_faults(name, false_sum), f"{name}: a score without reasons")


def containers(value, path=()):
    if isinstance(value, dict):
        yield path
        for key, item in value.items():
            yield from containers(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from containers(item, (*path, str(index)))


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, str(index)))
    else:
        yield path


# --- Worked examples: inputs as they are, expectations as fragments -------------------------------

def relaxed(part):
    """A schema for fragments: nothing is required, all that is said must be true."""
    if isinstance(part, list):
        return [relaxed(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {key: relaxed(value) for key, value in part.items()
            if key not in ("if", "then", "else", "allOf", "minItems", "minProperties")
            and not (key == "required" and isinstance(value, list))}
    return kept


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def null_paths(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            if item is None:
                yield (*path, key)
            yield from null_paths(item, (*path, key))
    elif isinstance(value, list):
        for item in value:
            yield from null_paths(item, (*path, "[]"))


def check_examples(checks):
    cases = [case for case in json.loads(EXAMPLES.read_text()) if "name" in case]
    checks.expect(cases, "no worked examples")
    loose_schema = {name: relaxed(schema) for name, schema in SCHEMA.items()}
    loose_checker = {name: validator(schema) for name, schema in loose_schema.items()}
    for case in cases:
        title = f"example {case['name']}"
        has_dead = any(e["topic"] == DEAD_LETTERS for e in case["expected"]) or (
            "dead_letter" in case["name"] or "bad_" in case["name"])
        for table, rows in case.get("reference", {}).items():
            name = table.removeprefix("reference.").removesuffix("s")
            for row in rows:
                checks.none(faults_of(name, row), f"{title}: row of {table}")
        for record in case["records"]:
            name = OF_INPUT_TOPIC.get(record.get("topic"))
            if name and isinstance(record.get("value"), dict) and not has_dead:
                checks.none(faults_of(name, record["value"]), f"{title}: input {name}")
        for message in case["expected"]:
            body = message.get("body")
            if message["topic"] == DEAD_LETTERS:
                reason = message.get("headers", {}).get("handoff.error.reason")
                checks.expect(reason in SCHEMA["dead-letter-headers"]["properties"][
                    "handoff.error.reason"]["enum"], f"{title}: dead letter {reason}")
                continue
            if not body:
                continue
            name = OF_TYPE.get(body.get("type")) or {
                NURTURE: "nurture", ALERTS: "alert"}.get(message["topic"], "mql")
            fragment = without_nulls(body)
            schema = loose_schema[name]
            if name == "nurture":
                part = "erased" if body.get("type") == "lead.erased" else "statusChanged"
                schema = {**schema["$defs"][part], "$defs": schema["$defs"]}
                found = faults_of(name, fragment, validator(schema))
            else:
                found = faults_of(name, fragment, loose_checker[name])
            checks.none(found, f"{title}: expected {name}")
            for path in null_paths(body):
                checks.expect(is_optional(name, path), f"{title}: {path} is required by {name}")


def is_optional(name, path):
    root = SCHEMA[name]
    part = resolve(root, root["$defs"]["statusChanged"]) if name == "nurture" else root
    for step in path[:-1]:
        part = resolve(root, part["items"] if step == "[]" else part["properties"][step])
    return path[-1] in part["properties"] and path[-1] not in part["required"]


# --- AsyncAPI -------------------------------------------------------------------------------------

CHANNELS = {"marketing.leads": "receive", "marketing.activities": "receive",
            "sales.dispositions": "receive", "reference.accounts": "receive",
            "reference.campaigns": "receive", "reference.suppressions": "receive",
            "sales.mql.{product}": "send", NURTURE: "send", ALERTS: "send", DEAD_LETTERS: "send",
            "handoff.profiles": "send", "handoff.redrives": "send"}


def check_asyncapi(checks):
    path = SCHEMAS / "asyncapi.yaml"
    api = load_yaml(path)
    checks.expect(str(api.get("asyncapi", "")).startswith("3.0."), "asyncapi: version 3.0")
    checks.expect({"title", "version"} <= set(api["info"]), "asyncapi: info")
    for place, target in references(api):
        try:
            follow(api, target)
            checks.passed += 1
        except (KeyError, FileNotFoundError, json.JSONDecodeError) as error:
            checks.failed.append(f"asyncapi{place}: {target} leads nowhere ({error!r})")
    addresses = {channel["address"]: name for name, channel in api["channels"].items()}
    checks.expect(set(addresses) == set(CHANNELS), f"asyncapi: channels {sorted(addresses)}")
    for address, action in CHANNELS.items():
        used = [operation for operation in api["operations"].values()
                if operation["channel"]["$ref"] == f"#/channels/{addresses.get(address)}"]
        checks.expect(any(operation["action"] == action for operation in used),
                      f"asyncapi: nobody does {action} on {address}")
        for name in re.findall(r"{(\w+)}", address):
            checks.expect(name in api["channels"][addresses[address]].get("parameters", {}),
                          f"asyncapi: {address} has no parameter {name}")
    for name, operation in api["operations"].items():
        checks.expect(operation["action"] in ("send", "receive"), f"asyncapi: action of {name}")
        inside = operation["channel"]["$ref"] + "/messages/"
        checks.expect(all(message["$ref"].startswith(inside) for message in operation["messages"]),
                      f"asyncapi: {name} has messages of another channel")
    used = {target for _, target in references(api) if target.startswith("./")}
    for name in INPUTS + OUTPUTS + ["cloudevents-headers", "dead-letter-headers"]:
        checks.expect(f"./{name}.json" in used, f"asyncapi: {name}.json is not used")
    for name, message in api["components"]["messages"].items():
        checks.expect({"name", "title", "summary", "contentType", "payload"} <= set(message),
                      f"asyncapi: message {name} is incomplete")
        checks.expect("key" in message["bindings"]["kafka"], f"asyncapi: {name} has no key")
    try:
        follow(api, "#/channels/nowhere")
        checks.failed.append("asyncapi: a reference to nowhere is let through")
    except KeyError:
        checks.passed += 1


def references(part, place=""):
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield place, value
            else:
                yield from references(value, f"{place}.{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from references(value, f"{place}[{index}]")


def follow(api, target):
    file, _, inside = target.partition("#")
    part = json.loads((SCHEMAS / file).read_text()) if file else api
    for step in filter(None, inside.split("/")):
        part = part[step]
    return part


def report_faults(report):
    """What is wrong with a report: its form, and sums that do not add up."""
    faults = faults_of("report", plain(report))
    if faults:
        return faults
    total = report["total"]
    for name in ("by_product", "by_channel", "by_campaign", "by_definition", "cells"):
        for field in ("mqls", "answered", "accepted", "rejected", "contacted", "won", "lost"):
            found = sum(row[field] for row in report[name])
            if found != total[field]:
                faults.append(f"{name}: {field} adds up to {found}, not {total[field]}")
    for place, row in enumerate([total, *report["by_product"], *report["cells"]]):
        for field in ("rejected", "lost", "withdrawn"):
            if sum(row[f"{field}_by_reason"].values()) != row[field]:
                faults.append(f"row {place}: {field} by reason does not add up")
        if sum(row["standing"].values()) != row["mqls"]:
            faults.append(f"row {place}: standing does not add up")
        speed = row["speed_to_lead"]
        if sum(step["mqls"] for step in speed["first_contacts"]) != row["contacted"]:
            faults.append(f"row {place}: first contacts do not add up")
        if speed["never_contacted"] + row["contacted"] != row["mqls"]:
            faults.append(f"row {place}: contacted and never contacted do not add up")
        if speed["due"] != row["contacted"] + speed["overdue"]:
            faults.append(f"row {place}: due is not contacted and overdue")
    return faults


def letters_faults(letters):
    """What is wrong with a list of dead letters: its form, and sums that do not add up."""
    faults = faults_of("dead-letters", letters)
    if faults:
        return faults
    for field in ("letters", "redriven"):
        found = sum(group[field] for group in letters["groups"])
        if found != letters[field]:
            faults.append(f"groups: {field} adds up to {found}, not {letters[field]}")
    for place, group in enumerate(letters["groups"]):
        if len(group["samples"]) > group["letters"] or group["redriven"] > group["letters"]:
            faults.append(f"group {place}: more samples or redriven than letters")
    return faults


def check_everything():
    checks = Checks()
    samples = load_samples()
    check_schemas(checks)
    check_samples(checks, samples)
    for path in DEFINITIONS:
        if path.exists():
            checks.none(faults_of("definition", load_yaml(path)), str(path.relative_to(ROOT)))
    settings = ROOT / "deploy/sample/handoff.yaml"
    if settings.exists():
        checks.none(faults_of("settings", load_yaml(settings)), str(settings.relative_to(ROOT)))
    check_refusals(checks, samples, load_yaml(DEFINITIONS[-1]))
    if EXAMPLES.exists():
        check_examples(checks)
    check_asyncapi(checks)
    for fault in checks.failed:
        print(fault)
    print(f"schemas: {checks.passed} checks passed, {len(checks.failed)} failed")
    return not checks.failed and checks.passed > 0


def main():
    parser = argparse.ArgumentParser(description="Validates schemas, samples and real messages.")
    parser.add_argument("--stream", metavar="FILE.jsonl", help="messages to judge; - = standard input")
    parser.add_argument("--topics", metavar="BOOTSTRAP", help="broker whose output topics to judge")
    parser.add_argument("--report", metavar="FILE.json", help="a report to judge")
    parser.add_argument("--letters", metavar="FILE.json", help="a list of dead letters to judge")
    parser.add_argument("--prefix", default="", help="topic prefix")
    parser.add_argument("--complete", action="store_true", help="the stream starts at the beginning")
    parser.add_argument("--limit", type=int, default=20, help="faults to show")
    options = parser.parse_args()
    if options.report:
        with open(options.report, encoding="utf-8") as file:
            faults = report_faults(plain(parse(file.read())))
        print("\n".join(faults[:options.limit]) or "report: valid")
        sys.exit(1 if faults else 0)
    if options.letters:
        with open(options.letters, encoding="utf-8") as file:
            faults = letters_faults(plain(parse(file.read())))
        print("\n".join(faults[:options.limit]) or "dead letters: valid")
        sys.exit(1 if faults else 0)
    if not (options.stream or options.topics):
        sys.exit(0 if check_everything() else 1)
    judge = Judge(options.prefix, options.complete)
    if options.topics:
        from confluent_kafka import KafkaException    # not needed for anything else here
        try:
            judge_topics(judge, options.topics)
        except KafkaException as error:
            raise SystemExit(f"validate: {error.args[0].str()}")
    elif options.stream == "-":
        judge_stream(judge, sys.stdin)
    else:
        with open(options.stream, encoding="utf-8") as lines:
            judge_stream(judge, lines)
    sys.exit(0 if report_judge(judge, options.limit) else 1)


if __name__ == "__main__":
    main()
