#!/usr/bin/env python3
"""deploy/benchmark --rolling: three workers with instance ids, restarted one after the other.

Events come at a steady rate all the time. For each restart: how long the worker was away (from the
signal until its lanes run again), how many lanes changed their owner or were taken away from
another worker meanwhile, and the oldest MQL that came out of it: from the event's time to a
read_committed reader. Each mql_id may be handed over once.
"""
import json
import threading
import time

from confluent_kafka import Consumer, TopicPartition

import kafka
from measure_restore import Worker, values
from workbench import PARTITIONS, feed, say, seconds_of

WORKERS = 3
# At most; it ends with the last restart.
LOAD_SECONDS = 90
# What an MQL may be late beyond the time that its worker was away, in seconds.
ALLOWANCE = 2.0


class Member(Worker):
    """One of the workers of a group, with a name, a folder and a log of its own."""

    def __init__(self, options, run, number):
        super().__init__(options, run)
        self.number = number
        self.log = options.folder / f"worker-{number}.log"
        self.state = options.folder / f"state-{number}"

    def environment(self):
        return {**super().environment(), "HANDOFF_INSTANCE_ID": f"bench-{self.number}",
                "HANDOFF_STATE_FOLDER": str(self.state)}

    def lanes(self):
        """The lanes that run here; none while it cannot be asked."""
        try:
            found = self.metrics()
        except OSError:
            return set()
        return {int(line.split('lane="')[1].split('"')[0]) for name, line, value in found
                if name == "handoff_lane_state" and 'state="running"' in line and value}

    def revocations(self):
        return sum(values(self.metrics(), "handoff_revocations_total"))


class Watch(threading.Thread):
    """Notes each MQL with the time at which it could be read."""

    def __init__(self, worker):
        super().__init__(daemon=True)
        self.seen, self.ending = [], threading.Event()
        self.reader = Consumer({
            "bootstrap.servers": worker.options.bootstrap, "group.id": "handoff-benchmark",
            "enable.auto.commit": False, "isolation.level": "read_committed",
            "fetch.wait.max.ms": 10, "log_level": 0})
        topics = [worker.prefix + topic for topic in worker.outputs]
        ends = kafka.end_offsets(self.reader, topics)
        self.reader.assign([TopicPartition(*place, offset) for place, offset in ends.items()])

    def run(self):
        while not self.ending.is_set():
            message = self.reader.poll(0.1)
            if message is None or message.error() is not None:
                continue
            body = json.loads(message.value())
            if body["type"] == "mql.qualified":
                self.seen.append((time.time(), seconds_of(body["qualified_at"]), body["mql_id"]))
        self.reader.close()

    def latest(self, start, end):
        """The longest way of an MQL of the span, in seconds; 0 if there was none."""
        return max((seen - made for seen, made, _ in list(self.seen) if start <= seen <= end),
                   default=0.0)


def wait_until(what, holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def is_shared(members):
    owned = [lane for member in members for lane in member.lanes()]
    return len(owned) == PARTITIONS and set(owned) == set(range(PARTITIONS))


def restart(member, members, watch):
    """Stops one worker and starts it again under the load; a row of the table."""
    others = [other for other in members if other is not member]
    owners = {other.number: other.lanes() for other in members}
    taken = sum(other.revocations() for other in others)
    started = time.time()
    member.stop()
    stopped = time.time()
    member.start()
    wait_until("the lanes are back", lambda: is_shared(members))
    back = time.time()
    # What waited has been worked through by then.
    time.sleep(5)
    moved = sum(len(owners[other.number] ^ other.lanes()) for other in members)
    return {"worker": member.number, "lanes": len(owners[member.number]),
            "stopping_s": round(stopped - started, 2), "down_s": round(back - started, 2),
            "lanes_moved": moved, "revoked_of_others": round(
                sum(other.revocations() for other in others) - taken),
            "latest_mql_s": round(watch.latest(started, back + 4), 2),
            "allowed_s": round(back - started + ALLOWANCE, 2)}


def measure(options, run):
    members = [Member(options, run, number) for number in range(WORKERS)]
    # The one that stops ends its feeder, so the feeder belongs to one that never starts.
    sender = Member(options, run, WORKERS)
    sender.prepare()
    watch, load, failed = Watch(sender), None, []

    def send():
        try:
            feed(sender, options.steady, "--rate", options.rate, "--now",
                 "--limit", int(options.rate * LOAD_SECONDS))
        except SystemExit as error:
            failed.append(error)

    try:
        for member in members:
            member.start()
        wait_until("every lane has an owner", lambda: is_shared(members))
        load = threading.Thread(target=send, daemon=True)
        watch.start()
        load.start()
        time.sleep(6)
        before = watch.latest(time.time() - 4, time.time())
        rows = []
        for member in members:
            say(f"    restarting worker {member.number}")
            rows.append(restart(member, members, watch))
        is_loaded = load.is_alive()
        sender.stop()
        load.join()
        time.sleep(3)
        ids = [one for _, _, one in watch.seen]
    finally:
        watch.ending.set()
        for member in members:
            member.stop()
        kafka.delete_prefix(options.bootstrap, sender.prefix)
    if not is_loaded:
        raise SystemExit(f"the load ended before the last restart did: {failed}")
    return {"rate": options.rate, "latest_mql_before_s": round(before, 2), "restarts": rows,
            "mqls": len(ids), "mqls_twice": len(ids) - len(set(ids))}


COLUMNS = [("worker", "worker", ""), ("lanes", "its lanes", ""), ("stopping_s", "stopping, s", ".2f"),
           ("down_s", "away, s", ".2f"), ("lanes_moved", "lanes moved", ""),
           ("revoked_of_others", "taken from others", ""), ("latest_mql_s", "latest MQL, s", ".2f"),
           ("allowed_s", "allowed, s", ".2f")]


def table(result):
    lines = [f"{WORKERS} workers with instance ids, {PARTITIONS} lanes, {result['rate']:,.0f} events "
             f"a second; allowed: time away and {ALLOWANCE:g} s",
             f"{result['mqls']:,} MQLs, {result['mqls_twice']} of them twice; latest before the "
             f"restarts {result['latest_mql_before_s']:.2f} s", "",
             "".join(f"{title:>{len(title) + 3}}" for _, title, _ in COLUMNS)]
    for row in result["restarts"]:
        lines.append("".join(f"{row[key]:>{len(title) + 3}{form}}" for key, title, form in COLUMNS))
    return "\n".join(lines)
