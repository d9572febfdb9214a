#!/usr/bin/env python3
"""Prints what handoff made of a stream, as a person wants to see it; at most 100 columns.

    show.py BOOTSTRAP [--prefix P] [--newest N] [--events N --seconds S]

Reads the output topics from their beginning, read_committed.
"""
import argparse
import json
from collections import Counter

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

import kafka

WIDTH = 100
NURTURE, ALERTS, DEAD_LETTERS = "marketing.nurture", "sales.alerts", "handoff.dead-letters"


def read(bootstrap, prefix):
    """(topic without prefix, headers, body or None) of every output record."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "handoff-show",
                         "enable.auto.commit": False, "isolation.level": "read_committed",
                         "enable.partition.eof": True, "log_level": 0})
    topics = [topic for topic in consumer.list_topics(timeout=10).topics
              if topic.startswith(prefix)
              and (topic[len(prefix):] in (NURTURE, ALERTS, DEAD_LETTERS)
                   or topic[len(prefix):].startswith("sales.mql."))]
    places = [TopicPartition(place.topic, place.partition, 0)
              for place in kafka.partitions(consumer, topics)]
    consumer.assign(places)
    left = len(places)
    while left:
        message = consumer.poll(10)
        if message is None:
            raise SystemExit("show: the broker does not answer")
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise SystemExit(f"show: {message.error().str()}")
            left -= 1
            continue
        topic = message.topic()[len(prefix):]
        body = None if topic == DEAD_LETTERS else json.loads(message.value())
        yield topic, dict(message.headers() or []), body
    consumer.close()


def cut(text, width):
    """At most so long, and without what steers a terminal: people fill in forms as they like."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in str(text))
    return text if len(text) <= width else text[:width - 1] + "…"


def row(*cells):
    """Cells as (text, width); the last one is not padded."""
    line = "  ".join(f"{cut(text, width):<{width}}" for text, width in cells)
    return cut(line.rstrip(), WIDTH)


def person(mql):
    lead = mql["lead"]
    name = " ".join(lead[key] for key in ("first_name", "last_name") if key in lead)
    name = name or lead.get("email") or mql["lead_id"]
    return f"{name}, {lead['job_title']}" if "job_title" in lead else name


def top_reasons(mql):
    best = sorted(mql["reasons"], key=lambda reason: -reason["points"])[:3]
    return ", ".join(f"{reason['label'].replace('_', ' ')} {reason['points']:+g}" for reason in best)


def newest_table(mqls, count):
    """Two lines an MQL: who goes where, and why."""
    shown = sorted(mqls, key=lambda mql: (mql["qualified_at"], mql["mql_id"]), reverse=True)[:count]
    widths = (11, 42, 11, 11, 17)
    yield f"Newest {len(shown)} of {len(mqls):,} MQLs"
    yield row(*zip(("qualified", "lead, and top reasons", "product", "fit + eng.", "owner"), widths))
    for mql in shown:
        score = mql["score"]
        cells = (mql["qualified_at"][5:16].replace("T", " "), person(mql), mql["product"],
                 f"{score['fit']:g} + {score['engagement']:g}",
                 mql["route"].get("owner_id", "nobody"))
        yield row(*zip(cells, widths))
        yield cut(" " * 13 + top_reasons(mql), WIDTH)


def columns(title, counts, width=47):
    """A title and its counts, the largest first; nothing for no counts."""
    lines = [title]
    for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"{cut(name, width - 9):<{width - 9}}{count:>9,}")
    return lines if counts else [title, "none"]


def side_by_side(left, right, width=47):
    for index in range(max(len(left), len(right))):
        first = left[index] if index < len(left) else ""
        second = right[index] if index < len(right) else ""
        yield f"{first:<{width}}     {second}".rstrip()


def main():
    parser = argparse.ArgumentParser(description="Prints what handoff made of a stream.")
    parser.add_argument("bootstrap")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--newest", type=int, default=8)
    parser.add_argument("--events", type=int)
    parser.add_argument("--seconds", type=float)
    options = parser.parse_args()

    mqls, standing, alerts, dead, ends = [], {}, Counter(), Counter(), Counter()
    for topic, headers, body in read(options.bootstrap, options.prefix):
        if topic == DEAD_LETTERS:
            dead[headers.get("handoff.error.reason", b"?").decode()] += 1
        elif topic == ALERTS:
            alerts[body["type"].removeprefix("sla.")] += 1
        elif body["type"] == "mql.qualified":
            mqls.append(body)
        elif body["type"] == "lead.status_changed":
            standing[body["lead_id"], body.get("product", "")] = body
        else:
            ends[body["type"]] += 1

    products = Counter(mql["product"] for mql in mqls)
    reasons = Counter(f"{body['status']}: {reason['code']}" for body in standing.values()
                      for reason in body["reasons"] if body["status"] != "handed_off")
    print()
    print("\n".join(newest_table(mqls, options.newest)))
    print()
    left = columns("MQLs by product", products) + [""] + columns("Follow-up alerts", alerts)
    left += [""] + columns("Dead letters, none of them lost", dead)
    if ends:
        left += [""] + columns("Taken back or closed", ends)
    right = columns("Not with sales, and why (leads by product)", reasons)
    print("\n".join(side_by_side(left, right)))
    if options.events:
        rate = f", {options.events / options.seconds:,.0f} a second" if options.seconds else ""
        print(f"\n{options.events:,} events, exactly once{rate}")


if __name__ == "__main__":
    try:
        main()
    except KafkaException as error:
        raise SystemExit(f"show: {error.args[0].str()}")
