#!/usr/bin/env python3
"""The measuring part of deploy/benchmark, which see. Called with what that script has prepared.

Both programs are measured from outside, with the same ruler: the group's committed offsets say when
the work is done, /proc says what it cost, and a read_committed consumer says when a result could be
seen. On the development broker the input comes in slices, because that broker answers a fetch with
everything it has: the program is paused (SIGSTOP) while a slice is written, and its clock runs from
the moment it goes on to the commit of the slice's last record.
"""
import argparse
import datetime
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

import kafka

HERE = Path(__file__).resolve().parent
INPUTS = ["marketing.leads", "marketing.activities"]
PRODUCTS = ["crm", "analytics", "billing"]
PARTITIONS = 6
SLICE_BYTES = 60_000_000
TICK = os.sysconf("SC_CLK_TCK")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="deploy/benchmark")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for state and logs")
    parser.add_argument("--sample", type=Path, required=True, help="events for the throughput")
    parser.add_argument("--steady", type=Path, required=True, help="events for the latency")
    parser.add_argument("--floor", type=Path, required=True)
    parser.add_argument("--handoff", type=Path, required=True)
    parser.add_argument("--definition", type=Path, required=True)
    parser.add_argument("--slices", action="store_true", help="development broker: feed in slices")
    parser.add_argument("--rate", type=float, default=5_000)
    parser.add_argument("--seconds", type=float, default=20, help="length of the latency phase")
    parser.add_argument("--deadline", type=float, default=300, help="seconds for the throughput")
    parser.add_argument("--only", choices=["floor", "handoff"])
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


class Program:
    """A worker under test: its process, its topics, its consumer group."""

    def __init__(self, name, options, run):
        self.name, self.options = name, options
        self.prefix = f"bench-{run}.{name}."
        self.group = f"bench-{run}-{name}"
        self.inputs = [self.prefix + topic for topic in INPUTS]
        self.log = options.folder / f"{name}.log"
        self.process, self.feeder, self.ready = None, None, threading.Event()

    def prepare(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def environment(self):
        return os.environ.copy()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), env=self.environment(), stdout=subprocess.PIPE, stderr=log,
                stdin=subprocess.DEVNULL)
        threading.Thread(target=self.read_output, daemon=True).start()
        deadline = time.monotonic() + 60
        while not self.ready.wait(0.05):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.fail("did not get ready")

    def read_output(self):
        with open(self.log, "ab") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                if line.startswith(f"{self.name} ready".encode()):
                    self.ready.set()

    def fail(self, what):
        tail = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        raise SystemExit(f"{self.name} {what}\n{tail}")

    def stop(self):
        if self.feeder and self.feeder.poll() is None:
            self.feeder.kill()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def peak_rss_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


class Floor(Program):
    outputs = ["copies"]

    def prepare(self):
        kafka.create(self.options.bootstrap, PARTITIONS, *self.inputs, self.prefix + "copies")

    def command(self):
        return [str(self.options.floor), self.options.bootstrap, self.group,
                self.prefix + "copies", "0", *self.inputs]

    @staticmethod
    def decided_at(value):
        # Five thousand a second come by here, so they are cut and not parsed.
        _, _, rest = value.partition(b'"occurred_at":"')
        return seconds_of(rest[:rest.index(b'"')].decode())


class Handoff(Program):
    outputs = [f"sales.mql.{product}" for product in PRODUCTS]

    def environment(self):
        return {**os.environ, "HANDOFF_BOOTSTRAP_SERVERS": self.options.bootstrap,
                "HANDOFF_GROUP_ID": self.group, "HANDOFF_TOPIC_PREFIX": self.prefix,
                "HANDOFF_INSTANCE_ID": "bench", "HANDOFF_PARTITIONS": str(PARTITIONS),
                "HANDOFF_STATE_FOLDER": str(self.options.folder / "state"),
                "HANDOFF_COMMIT_INTERVAL": "100ms", "HANDOFF_HTTP_PORT": "0",
                "HANDOFF_DEFINITION": str(self.options.definition),
                "HANDOFF_LOG_LEVEL": "warning"}

    def prepare(self):
        self.call("topics", "ensure")
        for table in ("accounts", "campaigns", "suppressions"):
            self.call("reference", "load", str(self.options.sample.parent / f"{table}.csv"),
                      "--table", table)

    def call(self, *words):
        done = subprocess.run([str(self.options.handoff), *words], env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise SystemExit(f"handoff {' '.join(words)}: exit {done.returncode}\n"
                             f"{done.stdout[-1000:]}{done.stderr[-1000:]}")

    def command(self):
        return [str(self.options.handoff), "run"]

    @staticmethod
    def decided_at(value):
        body = json.loads(value)
        return seconds_of(body["qualified_at"]) if body["type"] == "mql.qualified" else None


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def feed(program, events, *more):
    program.feeder = subprocess.Popen(
        [sys.executable, str(HERE / "feed.py"), str(events), "--quiet",
         "--bootstrap", program.options.bootstrap, "--prefix", program.prefix,
         "--compression", "none", *map(str, more)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, errors = program.feeder.communicate()
    if program.feeder.returncode != 0:
        raise SystemExit(errors)
    return json.loads(output)


class Progress:
    """The group's committed offsets against the ends of the inputs."""

    def __init__(self, program):
        self.program, bootstrap = program, program.options.bootstrap
        self.client, self.consumer = kafka.admin(bootstrap), kafka.watcher(bootstrap)

    def goal(self):
        return kafka.end_offsets(self.consumer, self.program.inputs)

    def until(self, goal, deadline):
        """Waits for the goal; when the first new commit was seen, and what it held."""
        base = first = None
        while True:
            done = kafka.committed(self.client, self.program.group, goal)
            now = time.monotonic()
            reached = sum(min(done.get(key, 0), end) for key, end in goal.items())
            base = reached if base is None else base
            if first is None and reached > base:
                first = (now, reached)
            if reached >= sum(goal.values()):
                return first or (now, reached), now
            if self.program.process.poll() is not None:
                self.program.fail("ended before its work was done")
            if now > deadline:
                self.program.fail(f"is {sum(goal.values()) - reached} records behind")
            time.sleep(0.01)


def throughput(program):
    options = program.options
    deadline = time.monotonic() + options.deadline
    if not options.slices:
        sent = feed(program, options.sample)["sent"]
        progress = Progress(program)
        goal = progress.goal()
        program.start()
        (first_at, first), ended = progress.until(goal, deadline)
        # What the first commit seen holds was done before its time was known.
        return sent, (sum(goal.values()) - first) / max(ended - first_at, 1e-3), program.cpu_seconds()
    program.start()
    progress, line, sent, busy = Progress(program), 0, 0, 0.0
    while True:
        program.process.send_signal(signal.SIGSTOP)
        part = feed(program, options.sample, "--from", line, "--bytes", SLICE_BYTES)
        goal = progress.goal()
        started = time.monotonic()
        program.process.send_signal(signal.SIGCONT)
        if part["sent"] == 0:
            return sent, sent / busy, program.cpu_seconds()
        _, ended = progress.until(goal, deadline)
        busy += ended - started
        sent, line = sent + part["sent"], part["next"]


def latency(program):
    """Milliseconds from the record's time to its committed result in a reader's hands."""
    options, taken = program.options, []
    watch = Consumer({"bootstrap.servers": options.bootstrap, "group.id": "handoff-benchmark",
                      "enable.auto.commit": False, "isolation.level": "read_committed",
                      "fetch.wait.max.ms": 10, "log_level": 0})
    topics = [program.prefix + topic for topic in program.outputs]
    ends = kafka.end_offsets(watch, topics)
    watch.assign([TopicPartition(*place, offset) for place, offset in ends.items()])
    while watch.poll(0.2) is not None:    # what was still to come of the throughput phase
        pass
    failed = []

    def send():
        try:
            feed(program, options.steady, "--rate", options.rate, "--now",
                 "--limit", int(options.rate * options.seconds))
        except SystemExit as error:
            failed.append(error)

    feeding = threading.Thread(target=send)
    feeding.start()
    quiet_since = None
    started = time.time()
    while quiet_since is None or time.monotonic() - quiet_since < 2:
        message = watch.poll(0.1)
        now = time.time()
        if message is not None and message.error() is None:
            at = program.decided_at(message.value())
            # The first two seconds warm up the feeder's and the watcher's connections.
            if at is not None and at > started + 2:
                taken.append((now - at) * 1000)
            quiet_since = None
        elif quiet_since is None and not feeding.is_alive():
            quiet_since = time.monotonic()
    feeding.join()
    watch.close()
    if failed:
        raise failed[0]
    if len(taken) < 20:
        program.fail(f"gave only {len(taken)} results to time")
    cuts = statistics.quantiles(taken, n=100)
    return cuts[49], cuts[98], len(taken)


def measure(program):
    program.prepare()
    try:
        say(f"    {program.name}: throughput")
        events, rate, cpu = throughput(program)
        rss = program.peak_rss_mb()
        say(f"    {program.name}: {events:,} events at {rate:,.0f} a second; now latency")
        p50, p99, count = latency(program)
        say(f"    {program.name}: {count:,} results timed")
    finally:
        program.stop()
        kafka.delete_prefix(program.options.bootstrap, program.prefix)
    return {"events_per_second": round(rate), "cpu_us_per_event": round(cpu / events * 1e6, 2),
            "peak_rss_mb": round(rss, 1), "p50_ms": round(p50, 1), "p99_ms": round(p99, 1)}


ROWS = [("events_per_second", "events a second", "{:,.0f}"),
        ("cpu_us_per_event", "CPU per event, us", "{:.2f}"),
        ("peak_rss_mb", "peak memory, MB", "{:.0f}"),
        ("p50_ms", "record to result, p50 ms", "{:.0f}"),
        ("p99_ms", "record to result, p99 ms", "{:.0f}")]


def table(results, about, options):
    broker = "development broker, in slices" if options.slices else "given broker"
    lines = [f"{about['events']:,} events ({about['marketing.leads']:,} leads, "
             f"{about['marketing.activities']:,} activities), {PARTITIONS} partitions, exactly once,",
             f"commits every 100 ms, {broker}; latency at {options.rate:,.0f} events a second", "",
             f"{'':26}" + "".join(f"{name:>16}" for name in results)]
    if len(results) == 2:
        lines[-1] += f"{'times the floor':>18}"
    for key, title, form in ROWS:
        cells = [result[key] for result in results.values()]
        line = f"{title:26}" + "".join(f"{form.format(cell):>16}" for cell in cells)
        if len(cells) == 2 and cells[0]:
            line += f"{cells[1] / cells[0]:>18.2f}"
        lines.append(line)
    return "\n".join(lines)


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run = f"{os.getpid()}-{int(time.time())}"
    programs = [Floor("floor", options, run), Handoff("handoff", options, run)]
    results = {program.name: measure(program) for program in programs
               if options.only in (None, program.name)}
    if options.json:
        print(json.dumps(results))
    else:
        print(table(results, json.loads((options.sample.parent / "about.json").read_text()), options))


if __name__ == "__main__":
    main()
