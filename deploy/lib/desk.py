#!/usr/bin/env python3
"""A simulated sales desk: answers the MQLs on a broker as salespeople would.

    desk.py BOOTSTRAP --definition FILE [--prefix P] [--seed 7] [--follow SECONDS]

What the desk does with an MQL follows from the seed and the MQL alone: how long it takes to look,
whether it accepts, rejects (for a reason of the definition that fits the score's weak side), calls,
finds an opportunity, wins or loses it, or forgets it. An answer is sent once its time has come,
so young MQLs are still open. Event ids follow from mql_id and step, and what was sent before is
not sent again: the script can be run as often as one likes. With --follow it goes on for so long.

Answers go to the partition that the MQL's header handoff.partition names.
"""
import argparse
import datetime
import json
import random
import time
import uuid
from collections import Counter

import yaml
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

import kafka

NAMESPACE = uuid.UUID("6f1d1f5e-2d0b-5c7e-9a55-0f6c1f0b9d11")
MINUTE, HOUR = 60_000, 3_600_000
DISPOSITIONS = "sales.dispositions"


def to_ms(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def stamp(ms):
    at = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03}Z"


class Desk:
    """Plans the answers to each MQL."""

    def __init__(self, seed, reasons):
        self.seed, self.reasons = seed, reasons

    def plan(self, mql):
        """[(time, type, more fields)] in the order of their times."""
        pick = random.Random(f"{self.seed}|{mql['mql_id']}")
        at = to_ms(mql["qualified_at"])
        likes = self.likes(mql)
        steps = []

        def step(kind, low, high, **more):
            nonlocal at
            # Most answers come soon, some very late.
            at += int(low + (high - low) * pick.random() ** 2.5)
            steps.append((at, kind, more))

        if pick.random() < 0.08:
            return []       # nobody looks at it
        if pick.random() > likes:
            if pick.random() < 0.3:
                step("contacted", 10 * MINUTE, 40 * HOUR)
            step("rejected", 20 * MINUTE, 40 * HOUR, reason=self.complaint(mql, pick))
            if pick.random() < 0.06:
                step("reopened", HOUR, 24 * HOUR)
                step("contacted", 10 * MINUTE, 8 * HOUR)
            return steps
        step("accepted", 2 * MINUTE, 20 * HOUR)
        if pick.random() < 0.1:
            return steps    # accepted and forgotten
        step("contacted", 3 * MINUTE, 26 * HOUR)
        if pick.random() > 0.2 + 0.5 * likes:
            if pick.random() < 0.5:
                step("lost", 4 * HOUR, 40 * HOUR, reason=self.one_of(pick, "no_response"))
            return steps
        step("opportunity", 2 * HOUR, 40 * HOUR)
        roll = pick.random()
        if roll < 0.25 + 0.35 * likes:
            seats = pick.choice([5, 10, 20, 40, 80, 150])
            step("won", 6 * HOUR, 60 * HOUR, revenue=seats * pick.randrange(240, 720, 12))
        elif roll < 0.85:
            step("lost", 6 * HOUR, 60 * HOUR, reason=self.one_of(pick, "no_budget", "bad_timing"))
        return steps

    @staticmethod
    def likes(mql):
        """How likely sales is to take it: by score, and by what the score is made of."""
        points = {reason["criterion"]: reason["points"] for reason in mql["reasons"]}
        chance = 0.45 + (mql["score"]["fit"] - 45) / 100
        chance += 0.2 if mql["hand_raise"] or "demo" in points or "trial" in points else 0
        chance -= 0.15 if "company_size" not in points else 0
        chance -= 0.1 if points.get("email_opens", 0) + points.get("page_views", 0) >= 10 else 0
        return min(0.92, max(0.15, chance))

    def complaint(self, mql, pick):
        points = {reason["criterion"]: reason["points"] for reason in mql["reasons"]}
        weights = Counter({reason: 1 for reason in self.reasons})
        if "company_size" not in points:
            weights["wrong_size"] += 6
        if points.get("seniority", 0) < 15:
            weights["wrong_contact"] += 5
        if "industry" not in points:
            weights["wrong_industry"] += 3
        if not {"demo", "trial", "forms"} & set(points):
            weights["not_interested"] += 4
            weights["bad_timing"] += 3
        known = sorted(set(weights) & set(self.reasons))
        return pick.choices(known, [weights[reason] for reason in known])[0]

    def one_of(self, pick, *wanted):
        known = [reason for reason in wanted if reason in self.reasons] or sorted(self.reasons)
        return pick.choice(known)


class Topics:
    """The product topics and the dispositions, read from where they were left."""

    def __init__(self, bootstrap, prefix):
        self.consumer = Consumer({
            "bootstrap.servers": bootstrap, "group.id": "handoff-desk", "log_level": 0,
            "enable.auto.commit": False, "isolation.level": "read_committed",
            "enable.partition.eof": True})
        names = [topic for topic in self.consumer.list_topics(timeout=10).topics
                 if topic.startswith(prefix + "sales.mql.")] + [prefix + DISPOSITIONS]
        self.next = {(place.topic, place.partition): 0
                     for place in kafka.partitions(self.consumer, names)}

    def read(self):
        """Every record up to the ends."""
        self.consumer.assign([TopicPartition(*place, offset)
                              for place, offset in self.next.items()])
        left = len(self.next)
        while left:
            message = self.consumer.poll(20)
            if message is None:
                raise SystemExit("desk: the broker does not answer")
            if message.error():
                if message.error().code() != KafkaError._PARTITION_EOF:
                    raise SystemExit(f"desk: {message.error().str()}")
                left -= 1
                continue
            self.next[message.topic(), message.partition()] = message.offset() + 1
            yield message


class Work:
    """The MQLs on the desk, and what of their plans is done."""

    def __init__(self, desk, topics, prefix):
        self.desk, self.topics, self.prefix = desk, topics, prefix
        self.plans, self.ends, self.done, self.foreign = {}, {}, set(), set()

    def look(self):
        for message in self.topics.read():
            try:
                body = json.loads(message.value())
                mql_id = body["mql_id"]
            except (TypeError, ValueError, KeyError):
                continue    # not for the desk to judge
            if message.topic() == self.prefix + DISPOSITIONS:
                self.done.add(body.get("event_id"))
                # Somebody else has this one.
                if body.get("by") != "desk":
                    self.foreign.add(mql_id)
            elif body["type"] == "mql.qualified" and mql_id not in self.plans:
                partition = dict(message.headers() or []).get("handoff.partition")
                if partition is None:
                    continue
                self.plans[mql_id] = (body, int(partition), self.desk.plan(body))
            elif body["type"] == "mql.withdrawn":
                self.ends[mql_id] = to_ms(body["as_of"])

    def due(self, now):
        """(partition, disposition) of every step whose time has come."""
        for mql_id, (mql, partition, steps) in sorted(self.plans.items()):
            if mql_id in self.foreign:
                continue
            for number, (at, kind, more) in enumerate(steps):
                event_id = str(uuid.uuid5(NAMESPACE, f"desk|{mql_id}|{number}"))
                if at > now or at >= self.ends.get(mql_id, now + 1):
                    break
                if event_id in self.done:
                    continue
                self.done.add(event_id)
                yield partition, {
                    "event_id": event_id, "type": kind, "occurred_at": stamp(at),
                    "lead_id": mql["lead_id"], "mql_id": mql_id, "product": mql["product"],
                    "by": "desk", **more}


def main():
    parser = argparse.ArgumentParser(description="Answers MQLs as a sales desk would.")
    parser.add_argument("bootstrap")
    parser.add_argument("--definition", required=True)
    parser.add_argument("--prefix", default="")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--follow", type=float, default=0, metavar="SECONDS")
    options = parser.parse_args()

    with open(options.definition, encoding="utf-8") as file:
        reasons = list(yaml.safe_load(file)["rejection_reasons"])
    topics = Topics(options.bootstrap, options.prefix)
    work = Work(Desk(options.seed, reasons), topics, options.prefix)
    failed, sent = [], Counter()
    producer = Producer({"bootstrap.servers": options.bootstrap, "log_level": 0, "linger.ms": 5,
                         "enable.idempotence": True, "acks": "all"})

    def on_delivery(error, _):
        if error is not None:
            failed.append(error.str())

    deadline = time.monotonic() + options.follow
    while True:
        work.look()
        for partition, body in work.due(int(time.time() * 1000)):
            producer.produce(options.prefix + DISPOSITIONS, json.dumps(body), body["lead_id"],
                             partition=partition, on_delivery=on_delivery)
            sent[body["type"]] += 1
            producer.poll(0)
        left = producer.flush(30)
        if failed or left:
            raise SystemExit(f"desk: {failed[0] if failed else f'{left} answers not acknowledged'}")
        if time.monotonic() >= deadline:
            break
        time.sleep(min(1, max(0, deadline - time.monotonic())))
    topics.consumer.close()
    print(json.dumps({"mqls": len(work.plans), "sent": sum(sent.values()), **sent}))


if __name__ == "__main__":
    try:
        main()
    except KafkaException as error:
        raise SystemExit(f"desk: {error.args[0].str()}")
