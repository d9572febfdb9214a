#!/usr/bin/env python3
"""deploy/benchmark --restore: how fast a worker brings back its state, and how it starts with it.

The profiles are encoded by the worker itself, from the benchmark's events. What it published is then
compacted as Kafka would, each profile's last version and each lane's last mark, and published in its
place as often as it takes to get the wanted number, under other lead ids. A C program that only
reads the same topic is the floor: below it there is the broker and librdkafka, above it handoff.

The development broker answers a fetch with a whole partition. So it is read through fetch_limits.py,
which keeps the limits as Kafka does; and once in a round without, unless a lane is too large for
that.
"""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

import kafka
from workbench import HERE, Handoff, Progress, feed, free_port, say

CHANGELOG = "handoff.profiles"
# What starts with this byte is a lane's mark (LaneMark.key).
MARK = b"\xff"
ROUNDS = 3
# Profiles a second, of a worker.
TARGET = 150_000
# What a client takes in one answer (`receive.message.max.bytes`), less what batches weigh.
LARGEST_LANE = 900_000_000


class Worker(Handoff):
    """A worker with its metrics on a port."""

    def __init__(self, options, run):
        super().__init__("handoff", options, run)
        self.inputs.append(self.prefix + "sales.dispositions")
        self.port = free_port()
        self.state = options.folder / "state"
        # Where it reads, if that is not the broker itself.
        self.bootstrap = options.bootstrap

    def environment(self):
        return {**super().environment(), "HANDOFF_HTTP_PORT": str(self.port),
                "HANDOFF_PARTITIONS": str(self.options.lanes),
                "HANDOFF_BOOTSTRAP_SERVERS": self.bootstrap}

    def metrics(self):
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return [(re.split(r"[{ ]", line)[0], line, float(line.rsplit(" ", 1)[1]))
                for line in lines if line and not line.startswith("#")]

    def wait_until_running(self):
        """Starts it; the metrics of the moment when all lanes run, and the seconds from the start."""
        started = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment(), stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL)
        while time.monotonic() - started < self.options.deadline:
            time.sleep(0.2)
            if self.process.poll() is not None:
                self.fail("ended")
            try:
                found = self.metrics()
            except OSError:
                continue
            running = [value for name, line, value in found
                       if name == "handoff_lane_state" and 'state="running"' in line]
            if len(running) == self.options.lanes and all(running):
                return found, time.monotonic() - started
        self.fail("has not restored all lanes")


def make_profiles(worker):
    """Lets the worker make its profiles from the sample's events."""
    line, deadline = 0, time.monotonic() + worker.options.deadline
    worker.start()
    progress = Progress(worker)
    while True:
        # In slices whatever the broker is: what counts here are the profiles, not the time.
        part = feed(worker, worker.options.sample, "--from", line, "--bytes", 30_000_000)
        if part["sent"] == 0:
            break
        line = part["next"]
        progress.until(progress.goal(), deadline)
    worker.stop()


def read_compacted(worker):
    """By partition: the last version of each profile, and the lane's mark."""
    topic = worker.prefix + CHANGELOG
    reader = Consumer({"bootstrap.servers": worker.options.bootstrap, "log_level": 0,
                       "group.id": "handoff-benchmark", "enable.auto.commit": False,
                       "isolation.level": "read_committed", "enable.partition.eof": True})
    found = {number: {} for number in range(worker.options.lanes)}
    reader.assign([TopicPartition(topic, number, 0) for number in found])
    left = set(found)
    while left:
        for message in reader.consume(10_000, 1.0):
            if message.error() is not None:
                left.discard(message.partition())
            elif message.value() is None:
                found[message.partition()].pop(message.key(), None)
            else:
                # Put at the end again, as compaction leaves a key at its last place.
                found[message.partition()].pop(message.key(), None)
                found[message.partition()][message.key()] = message.value()
    reader.close()
    return found


def publish_compacted(worker, compacted, wanted):
    """Puts the compacted log in the place of the worker's own; profiles and bytes published."""
    topic, bootstrap = worker.prefix + CHANGELOG, worker.options.bootstrap
    kafka.delete(bootstrap, topic)
    for _ in range(50):
        try:
            worker.call("topics", "ensure")
            break
        except SystemExit:
            time.sleep(0.2)    # a deletion may take a moment
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 20,
                         "enable.idempotence": True, "log_level": 0,
                         "compression.type": "lz4", "batch.size": 1_000_000,
                         "queue.buffering.max.messages": 200_000})
    profiles = [(number, key, value) for number, records in compacted.items()
                for key, value in records.items() if not key.startswith(MARK)]
    sent = size = 0
    while sent < wanted:
        copy = sent // len(profiles)
        for number, key, value in profiles[:wanted - sent]:
            key = key + b"~%d" % copy if copy else key
            put(producer, topic, number, key, value)
            sent, size = sent + 1, size + len(key) + len(value)
    for number, records in compacted.items():
        for key, value in records.items():
            if key.startswith(MARK):
                put(producer, topic, number, key, value)
    if producer.flush(60):
        raise SystemExit("the changelog was not published")
    return sent, size


def put(producer, topic, partition, key, value):
    while True:
        try:
            return producer.produce(topic, value, key, partition=partition)
        except BufferError:
            producer.poll(0.05)


def values(found, name):
    return [value for there, _, value in found if there == name]


def start(worker):
    """One start: seconds until its lanes run, records read, CPU, peak memory."""
    found, seconds = worker.wait_until_running()
    return {"seconds": seconds, "lanes": values(found, "handoff_restore_duration_seconds"),
            "records": sum(values(found, "handoff_restore_records")),
            "cpu": worker.cpu_seconds(), "rss": worker.peak_rss_mb()}


def read_floor(worker):
    done = subprocess.run(
        [str(worker.options.reader), worker.bootstrap, worker.prefix + CHANGELOG,
         str(worker.options.lanes)], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def kill(worker):
    worker.process.send_signal(signal.SIGKILL)
    worker.process.wait()


def best(rounds, measure):
    """The best of some: what else the machine does only ever makes a run slower."""
    return measure(min(rounds, key=lambda one: max(one["lanes"])))


def restore(worker, profiles):
    """One restore into an empty folder; the worker runs on."""
    shutil.rmtree(worker.state, ignore_errors=True)
    done = start(worker)
    if done["records"] < profiles:
        raise SystemExit(f"restored {done['records']:.0f} of {profiles} records")
    return done


class Limits:
    """fetch_limits.py in front of the development broker, for one worker."""

    def __init__(self, worker):
        self.worker, self.process = worker, None
        if worker.options.slices:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "fetch_limits.py"), worker.options.bootstrap,
                 worker.prefix + CHANGELOG, str(worker.options.lanes)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            port = self.process.stdout.readline().strip()
            if not port:
                raise SystemExit("fetch_limits.py did not start")
            worker.bootstrap = f"127.0.0.1:{port}"

    def close(self):
        self.worker.bootstrap = self.worker.options.bootstrap
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def rounds_of(worker, profiles, is_direct):
    floors, restores, direct, kept, killed = [], [], [], [], []
    for number in range(ROUNDS):
        if is_direct:
            direct.append(restore(worker, profiles))
            worker.stop()
        limits = Limits(worker)
        floors.append(read_floor(worker))
        restores.append(restore(worker, profiles))
        worker.stop()
        kept.append(start(worker))
        kill(worker)
        killed.append(start(worker))
        worker.stop()
        limits.close()
        say(f"    round {number + 1}: floor {profiles / floors[-1]['seconds']:,.0f} a second, "
            f"restore {profiles / max(restores[-1]['lanes']):,.0f}, "
            f"{restores[-1]['cpu'] / profiles * 1e6:.2f} us of CPU")
    return floors, restores, direct, kept, killed


def measure(options, run):
    worker = Worker(options, run)
    worker.prepare()
    try:
        say("    making profiles")
        make_profiles(worker)
        profiles, size = publish_compacted(worker, read_compacted(worker), options.profiles)
        say(f"    {profiles:,} profiles published, {size / profiles:.0f} bytes each")
        is_direct = options.slices and size / options.lanes < LARGEST_LANE
        floors, restores, direct, kept, killed = rounds_of(worker, profiles, is_direct)
        state = sum(path.stat().st_size for path in worker.state.glob("lane-*"))
    finally:
        worker.stop()
        try:
            kafka.delete_prefix(options.bootstrap, worker.prefix)
        except (SystemExit, KafkaException) as error:
            say(f"    topics are left behind: {error}")
    return {
        "lanes": options.lanes,
        "profiles": profiles, "profile_bytes": round(size / profiles),
        "state_bytes_per_profile": round(state / profiles),
        "floor_profiles_per_second": round(profiles / min(f["seconds"] for f in floors)),
        "floor_cpu_us_per_profile": min(f["cpu_us"] for f in floors),
        "profiles_per_second": best(restores, lambda one: round(profiles / max(one["lanes"]))),
        "direct_profiles_per_second": best(
            direct, lambda one: round(profiles / max(one["lanes"]))) if direct else None,
        "cores_at_target": round(
            TARGET * min(one["cpu"] for one in restores) / profiles, 2),
        "cpu_us_per_profile": round(min(one["cpu"] for one in restores) / profiles * 1e6, 2),
        "restore_seconds": best(restores, lambda one: round(max(one["lanes"]), 2)),
        "peak_rss_mb": round(max(one["rss"] for one in restores), 1),
        "lane_start_kept_s": best(kept, lambda one: round(max(one["lanes"]), 3)),
        "lane_start_kept_median_s": round(statistics.median(
            lane for one in kept for lane in one["lanes"]), 3),
        "lane_start_killed_s": best(killed, lambda one: round(max(one["lanes"]), 3)),
        "process_start_kept_s": round(min(one["seconds"] for one in kept), 2)}


ROWS = [("floor_profiles_per_second", "only read, profiles a second", "{:,.0f}", ""),
        ("floor_cpu_us_per_profile", "only read, CPU us a profile", "{:.2f}", ""),
        ("profiles_per_second", "restored, profiles a second", "{:,.0f}", f"{TARGET:,} at least"),
        ("direct_profiles_per_second", "the same, whole lanes at once", "{:,.0f}", ""),
        ("cpu_us_per_profile", "restored, CPU us a profile", "{:.2f}", ""),
        ("cores_at_target", f"cores that {TARGET:,} a second need", "{:.2f}", "the worker's"),
        ("restore_seconds", "slowest lane, empty folder, s", "{:.2f}", ""),
        ("lane_start_kept_s", "slowest lane, folder kept, s", "{:.3f}", "below 1"),
        ("lane_start_killed_s", "the same after kill -9, s", "{:.3f}", "below 1"),
        ("process_start_kept_s", "start of the process to all lanes, s", "{:.2f}", ""),
        ("peak_rss_mb", "peak memory, MB", "{:.0f}", ""),
        ("state_bytes_per_profile", "bytes on disk a profile", "{:,.0f}", "")]


def table(result):
    lines = [f"{result['profiles']:,} profiles of {result['profile_bytes']} bytes, "
             f"{result['lanes']} lanes, the best of {ROUNDS} runs", "", f"{'':38}{'measured':>12}  target"]
    for key, title, form, target in ROWS:
        if result[key] is None:
            continue
        lines.append(f"{title:38}{form.format(result[key]):>12}  {target}".rstrip())
    return "\n".join(lines)
