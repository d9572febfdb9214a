"""What makes a message right: its schema, and what a schema cannot say.

Used by validate.py; see there. Independent of the program that writes the messages.
"""
import base64
import datetime
import decimal
import json
import re
import uuid
from collections import Counter
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
NAMESPACE = uuid.UUID("6f1d1f5e-2d0b-5c7e-9a55-0f6c1f0b9d11")
OUTPUTS = ["mql", "mql-withdrawn", "mql-lapsed", "mql-updated", "nurture", "alert"]
OF_INPUT_TOPIC = {
    "marketing.leads": "lead", "marketing.activities": "activity",
    "sales.dispositions": "disposition", "reference.accounts": "account",
    "reference.campaigns": "campaign", "reference.suppressions": "suppression"}
OF_TYPE = {"mql.qualified": "mql", "mql.withdrawn": "mql-withdrawn", "mql.lapsed": "mql-lapsed",
           "mql.updated": "mql-updated",
           "lead.status_changed": "nurture", "lead.erased": "nurture",
           "sla.warning": "alert", "sla.breached": "alert", "sla.escalated": "alert"}
DEAD_LETTERS, NURTURE, ALERTS = "handoff.dead-letters", "marketing.nurture", "sales.alerts"
COUNTERS_MAX = 10_000    # how far a counter is looked for when a stream starts in the middle

# --- Schemas ----------------------------------------------------------------------------------------

formats = jsonschema.FormatChecker(formats=[])


@formats.checks("date-time", raises=ValueError)
def is_time(value):
    if isinstance(value, str):
        datetime.datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", value))
    return True


@formats.checks("date", raises=ValueError)
def is_date(value):
    if isinstance(value, str):
        datetime.date.fromisoformat(value)
    return True


@formats.checks("uuid", raises=ValueError)
def is_uuid(value):
    if isinstance(value, str):
        uuid.UUID(value)
    return True


def load_schemas():
    return {path.stem: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}


SCHEMA = load_schemas()


def validator(schema):
    return jsonschema.Draft202012Validator(schema, format_checker=formats)


VALIDATOR = {name: validator(schema) for name, schema in SCHEMA.items()}


def faults_of(name, value, checker=None):
    found = (checker or VALIDATOR[name]).iter_errors(value)
    found = (jsonschema.exceptions.best_match([fault]) for fault in found)
    return [f"{name}{fault.json_path[1:]}: {fault.message[:300]}" for fault in found]


def resolve(root, part):
    while "$ref" in part:
        target = root
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def pick(root, part, value):
    """The alternative of a oneOf that the value's type names."""
    for option in part.get("oneOf", []):
        option = resolve(root, option)
        kind = option.get("properties", {}).get("type", {}).get("const")
        if isinstance(value, dict) and kind is not None and kind == value.get("type"):
            return option
    return part


def order_faults(root, part, value, path=""):
    """Keys that do not stand in the order of the schema."""
    part = pick(root, resolve(root, part), value)
    if isinstance(value, list) and "items" in part:
        return [fault for index, item in enumerate(value)
                for fault in order_faults(root, part["items"], item, f"{path}[{index}]")]
    if not isinstance(value, dict) or "properties" not in part:
        return []
    known = [key for key in part["properties"] if key in value]
    written = [key for key in value if key in part["properties"]]
    found = [f"{path or '$'}: keys stand as {written}, not {known}"] if known != written else []
    for key in written:
        found += order_faults(root, part["properties"][key], value[key], f"{path}.{key}")
    return found


# --- One message ----------------------------------------------------------------------------------

def parse(text):
    """JSON with exact numbers; a key that comes twice is a fault."""
    def pairs(items):
        made = dict(items)
        if len(made) != len(items):
            raise ValueError(f"repeated key in {[key for key, _ in items]}")
        return made
    return json.loads(text, object_pairs_hook=pairs, parse_float=decimal.Decimal)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, decimal.Decimal) else value


def long_numbers(value, path=""):
    if isinstance(value, dict):
        for key, item in value.items():
            # Facts of companies are passed on as they came; scores are ours.
            if key not in ("annual_revenue", "evidence"):
                yield from long_numbers(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from long_numbers(item, f"{path}[{index}]")
    elif isinstance(value, (float, decimal.Decimal)) and not isinstance(value, bool):
        number = decimal.Decimal(str(value))
        if number != number.quantize(decimal.Decimal("0.01")):
            yield f"{path}: {value} has more than two decimals"


def computed(*parts):
    return str(uuid.uuid5(NAMESPACE, "|".join(map(str, parts))))


def time_of(body):
    return body.get("qualified_at") if body["type"] == "mql.qualified" else body.get("as_of")


def body_faults(name, exact):
    body = plain(exact)
    found = faults_of(name, body)
    if found:
        return found
    found = [f"{name}{fault}" for fault in order_faults(SCHEMA[name], SCHEMA[name], body)]
    found += [f"{name}{fault}" for fault in long_numbers(exact)]
    if "mql_id" in body and "cycle" in body:
        wanted = computed(body["lead_id"], body["product"], body["cycle"])
        if body["mql_id"] != wanted:
            found.append(f"mql.mql_id: {body['mql_id']} is not {wanted}, computed from its parts")
    if name in ("mql", "mql-updated"):
        found += sum_faults(body)
        if [reason["group"] for reason in body["reasons"]] != sorted(
                (reason["group"] for reason in body["reasons"]), reverse=True):
            found.append(f"{name}.reasons: fit does not come first")
    if name == "mql":
        if body["follow_up_by"] < body["qualified_at"]:
            found.append("mql.follow_up_by: before qualified_at")
        times = [activity["at"] for activity in body["recent_activity"]]
        if times != sorted(times, reverse=True):
            found.append("mql.recent_activity: not the newest first")
    return found


def sum_faults(body):
    for group in ("fit", "engagement"):
        total = sum(round(reason["points"] * 100) for reason in body["reasons"]
                    if reason["group"] == group)
        if total != round(body["score"][group] * 100):
            yield f"score.{group}: {body['score'][group]}, but its reasons add to {total / 100}"


def header_faults(body, key, headers):
    found = faults_of("cloudevents-headers", headers)
    if found:
        return found
    wanted = {"ce_type": body["type"], "ce_subject": body["lead_id"], "ce_time": time_of(body)}
    if "definition" in body:
        wanted["ce_source"] = f"handoff/{body['definition']['name']}"
    found = [f"header {name}: {headers[name]!r}, not {value!r} as in the body"
             for name, value in wanted.items() if headers[name] != value]
    if key is not None and key != body["lead_id"]:
        found.append(f"key {key!r} is not the lead_id {body['lead_id']!r}")
    return found


# --- A stream of messages ------------------------------------------------------------------------

class Judge:
    """Takes the messages of a stream one by one; what they were and what is wrong with them."""

    def __init__(self, prefix="", complete=False):
        self.prefix, self.complete = prefix, complete
        self.kinds, self.faults = Counter(), []
        self.counters, self.seen = {}, {}

    def take(self, place, topic, key, headers, value):
        """value: bytes, text, or what a JSON reader made of it; None is a null value."""
        topic = topic.removeprefix(self.prefix)
        for fault in self.judge(place, topic, key, headers, value):
            self.faults.append(f"{place}: {fault}")

    def judge(self, place, topic, key, headers, value):
        if topic == DEAD_LETTERS:
            self.kinds["dead letter"] += 1
            found = faults_of("dead-letter-headers", headers)
            if not found:
                origin = tuple(headers[f"handoff.error.{part}"]
                               for part in ("topic", "partition", "offset"))
                found = self.once("dead letter of", origin, place)
            return found
        try:
            if isinstance(value, (bytes, str)):
                value = parse(value)
        except ValueError as error:
            return [f"not JSON: {error}"]
        if topic in OF_INPUT_TOPIC:
            self.kinds[topic] += 1
            return [] if value is None else faults_of(OF_INPUT_TOPIC[topic], plain(value))
        kind = value.get("type") if isinstance(value, dict) else None
        name = OF_TYPE.get(kind)
        self.kinds[kind if name else "unknown"] += 1
        if name is None:
            return [f"{topic}: a message of no known type: {kind!r}"]
        place_of = {"nurture": NURTURE, "alert": ALERTS}.get(name)
        if place_of and topic != place_of or not place_of and topic in (NURTURE, ALERTS):
            return [f"{kind} does not belong to {topic}"]
        found = body_faults(name, value)
        if found:
            return found
        body = plain(value)
        if name.startswith("mql") and topic.startswith("sales.mql."):
            if name == "mql" and body["route"]["topic"].removeprefix(self.prefix) != topic:
                found.append(f"mql.route.topic: {body['route']['topic']}, but it came by {topic}")
        if headers is not None:
            found += header_faults(body, key, headers)
            if not found:
                found += self.counter_faults(place, body, headers)
        if kind in ("mql.qualified", "mql.lapsed") or name == "alert":
            found += self.once(kind, body["mql_id"], place)
        return found

    def once(self, what, identity, place):
        first = self.seen.setdefault((what, identity), place)
        return [] if first == place else [f"{what} {identity} came before, at {first}"]

    def counter_faults(self, place, body, headers):
        """ce_id counts the messages of its type, lead and product."""
        parts = (body["type"], body["lead_id"], body.get("product", ""))
        last = self.counters.get(parts)
        if last is not None or self.complete:
            number = (last or 0) + 1
            if headers["ce_id"] != computed(*parts, number):
                return [f"header ce_id: not the id of number {number} of {'|'.join(parts)}"]
        else:
            number = next((n for n in range(1, COUNTERS_MAX)
                           if headers["ce_id"] == computed(*parts, n)), None)
            if number is None:
                return [f"header ce_id: not computed from {'|'.join(parts)}"]
        self.counters[parts] = number
        return self.once("ce_id", headers["ce_id"], place)


def headers_of(pairs):
    """Kafka's list of pairs as an object; the last of a name counts."""
    return {name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            for name, value in (pairs.items() if isinstance(pairs, dict) else pairs or [])}


def judge_stream(judge, lines):
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        record = parse(line)
        value = record.get("value")
        if "value_base64" in record:
            value = base64.b64decode(record["value_base64"])
        headers = record.get("headers")
        judge.take(f"line {number}", record["topic"], record.get("key"),
                   None if headers is None else headers_of(headers), value)


def judge_topics(judge, bootstrap):
    from confluent_kafka import Consumer, KafkaError, TopicPartition

    import kafka
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "handoff-validate",
                         "enable.auto.commit": False, "isolation.level": "read_committed",
                         "enable.partition.eof": True, "log_level": 0})
    plain_names = {NURTURE, ALERTS, DEAD_LETTERS}
    topics = [topic for topic in consumer.list_topics(timeout=10).topics
              if topic.startswith(judge.prefix)
              and ((name := topic.removeprefix(judge.prefix)) in plain_names
                   or name.startswith("sales.mql."))]
    places = [TopicPartition(place.topic, place.partition, 0)
              for place in kafka.partitions(consumer, topics)]
    consumer.assign(places)
    open_places = {(place.topic, place.partition) for place in places}
    while open_places:
        message = consumer.poll(30)
        if message is None:
            raise SystemExit(f"validate: nothing came for 30 s from {sorted(open_places)}")
        where = (message.topic(), message.partition())
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise SystemExit(f"validate: {message.error().str()}")
            open_places.discard(where)
            continue
        key = message.key()
        judge.take(f"{where[0]}[{where[1]}]@{message.offset()}", message.topic(),
                   None if key is None else key.decode("utf-8", "replace"),
                   headers_of(message.headers()), message.value())
    consumer.close()


def report_judge(judge, limit):
    for fault in judge.faults[:limit]:
        print(fault)
    if len(judge.faults) > limit:
        print(f"... and {len(judge.faults) - limit} more")
    total = sum(judge.kinds.values())
    print(f"{total} messages, {len(judge.faults)} faults: "
          + ", ".join(f"{count} {kind}" for kind, count in sorted(judge.kinds.items())))
    return not judge.faults and total > 0
