#!/usr/bin/env python3
"""Measures what capacity.py computes from and deploy/benchmark does not show: bytes and restores.

    footprint.py --bootstrap HOST:PORT --handoff PROGRAM --sample FOLDER/events.jsonl --folder F

The sample is one of deploy/lib/generate.py; F gets the state and the log. Runs the worker over it,
in slices as a backlog or, with --rate and --limit, as it comes; counts what it read and wrote
(payloads: keys, values and headers, before compression), then takes the state folder away and times
the restore. Prints one JSON object.
"""
import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

import kafka

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INPUTS = ["marketing.leads", "marketing.activities", "sales.dispositions"]
OUTPUTS = ["sales.mql.crm", "sales.mql.analytics", "sales.mql.billing", "marketing.nurture",
           "sales.alerts", "handoff.dead-letters", "handoff.profiles"]
PARTITIONS = 6
SLICE_BYTES = 30_000_000


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures bytes, state and restores.")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--handoff", type=Path, required=True)
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8099, help="for the worker's metrics")
    parser.add_argument("--rate", type=int, help="events a second, stamped as they are sent")
    parser.add_argument("--limit", type=int, default=150_000, help="events with --rate")
    return parser.parse_args()


class Worker:
    def __init__(self, options):
        self.options, self.process = options, None
        self.prefix = f"footprint-{os.getpid()}."
        self.group = f"footprint-{os.getpid()}"
        self.state = options.folder / "state"
        self.environment = {
            **os.environ, "HANDOFF_BOOTSTRAP_SERVERS": options.bootstrap,
            "HANDOFF_GROUP_ID": self.group, "HANDOFF_TOPIC_PREFIX": self.prefix,
            "HANDOFF_INSTANCE_ID": "footprint", "HANDOFF_PARTITIONS": str(PARTITIONS),
            "HANDOFF_STATE_FOLDER": str(self.state), "HANDOFF_HTTP_PORT": str(options.port),
            "HANDOFF_DEFINITION": str(ROOT / "deploy/sample/definition.yaml"),
            "HANDOFF_LOG_LEVEL": "warning"}
        self.log = open(options.folder / "worker.log", "ab")

    def call(self, *words):
        subprocess.run([self.options.handoff, *words], env=self.environment, check=True,
                       stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def start(self):
        self.process = subprocess.Popen([self.options.handoff, "run"], env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def metrics(self):
        url = f"http://127.0.0.1:{self.options.port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return [(re.split(r"[{ ]", line)[0], line, float(line.rsplit(" ", 1)[1]))
                for line in lines if line and not line.startswith("#")]

    def total(self, name):
        return sum(value for found, _, value in self.metrics() if found == name)


def feed(worker, *more):
    done = subprocess.run(
        [sys.executable, str(HERE / "feed.py"), str(worker.options.sample), "--quiet",
         "--bootstrap", worker.options.bootstrap, "--prefix", worker.prefix, *map(str, more)],
        check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def feed_all(worker):
    options, sent, line = worker.options, 0, 0
    if options.rate:
        sent = feed(worker, "--rate", options.rate, "--limit", options.limit, "--now")["sent"]
        kafka_await(worker)
        return sent
    while True:
        part = feed(worker, "--from", line, "--bytes", SLICE_BYTES)
        if part["sent"] == 0:
            return sent
        sent, line = sent + part["sent"], part["next"]
        kafka_await(worker)


def kafka_await(worker):
    subprocess.run([sys.executable, str(HERE / "kafka.py"), "await", worker.options.bootstrap,
                    worker.group, "300", str(worker.process.pid),
                    *[worker.prefix + topic for topic in INPUTS]],
                   check=True, stdout=subprocess.DEVNULL)


def volume(worker, topic):
    """Records by their offsets, and the mean payload of the first ones of each partition."""
    reader = Consumer({"bootstrap.servers": worker.options.bootstrap, "group.id": "footprint",
                       "enable.auto.commit": False, "isolation.level": "read_committed",
                       "auto.offset.reset": "earliest", "log_level": 0})
    name = worker.prefix + topic
    ends = {place: end for place, end in kafka.end_offsets(reader, [name]).items() if end > 0}
    seen = size = 0
    if ends:
        reader.assign([TopicPartition(*place, 0) for place in ends])
        quiet = 0
        while quiet < 3:
            batch = reader.consume(5_000, 1.0)
            quiet = 0 if batch else quiet + 1
            for message in batch:
                if message.error() is None:
                    seen += 1
                    size += len(message.key() or b"") + len(message.value() or b"") + sum(
                        len(header) + len(value or b"")
                        for header, value in message.headers() or [])
    reader.close()
    return {"records": sum(ends.values()), "mean_bytes": round(size / max(seen, 1)), "seen": seen}


def folder_bytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def profiles_in(folder):
    count = 0
    for path in folder.glob("lane-*.sqlite"):
        with sqlite3.connect(path) as file:
            tables = [row[0] for row in
                      file.execute("select name from sqlite_master where type = 'table'")]
            table = next(name for name in tables if "profile" in name)
            count += file.execute(f"select count(*) from {table}").fetchone()[0]
    return count


def restore(worker):
    shutil.rmtree(worker.state)
    started = time.monotonic()
    worker.start()
    while True:
        time.sleep(0.2)
        try:
            found = worker.metrics()
        except OSError:
            continue
        running = [value for name, line, value in found
                   if name == "handoff_lane_state" and 'state="running"' in line]
        if len(running) == PARTITIONS and all(running):
            break
        if time.monotonic() - started > 600:
            raise SystemExit("the restore does not end")
    longest = max(value for name, _, value in found if name == "handoff_restore_duration_seconds")
    records = sum(value for name, _, value in found if name == "handoff_restore_records")
    return {"records": int(records), "seconds": round(longest, 2),
            "cpu_seconds": round(worker.total("process_cpu_seconds_total"), 2)}


def main():
    options = parse_arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    worker = Worker(options)
    worker.call("topics", "ensure")
    for table in ("accounts", "campaigns", "suppressions"):
        worker.call("reference", "load", str(options.sample.parent / f"{table}.csv"),
                    "--table", table)
    try:
        worker.start()
        events = feed_all(worker)
        found = {"events": events,
                 "epochs": int(worker.total("handoff_epoch_duration_seconds_count")),
                 "profile_writes": int(worker.total("handoff_flush_profiles_total")),
                 "profile_loads": int(worker.total("handoff_profile_loads_total")),
                 "cpu_us_per_event": round(
                     worker.total("process_cpu_seconds_total") / events * 1e6, 1),
                 "topics": {topic: volume(worker, topic) for topic in INPUTS + OUTPUTS}}
        worker.stop()
        found["state_bytes"] = folder_bytes(worker.state)
        found["profiles"] = profiles_in(worker.state)
        found["restore"] = restore(worker)
        print(json.dumps(found, indent=2))
    finally:
        worker.stop()
        kafka.delete_prefix(options.bootstrap, worker.prefix)


if __name__ == "__main__":
    main()
