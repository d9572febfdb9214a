"""What the measurements of deploy/benchmark share: a program under test, its feeder, its progress."""
import datetime
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import kafka

HERE = Path(__file__).resolve().parent
INPUTS = ["marketing.leads", "marketing.activities"]
PRODUCTS = ["crm", "analytics", "billing"]
PARTITIONS = 6
TICK = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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

    def until(self, goal, deadline, short=0):
        """Waits for the goal, but for `short` records; when the first new commit was seen, and what
        it held."""
        base = first = None
        while True:
            done = kafka.committed(self.client, self.program.group, goal)
            now = time.monotonic()
            reached = sum(min(done.get(key, 0), end) for key, end in goal.items())
            base = reached if base is None else base
            if first is None and reached > base:
                first = (now, reached)
            if reached >= sum(goal.values()) - short:
                return first or (now, reached), now
            if self.program.process.poll() is not None:
                self.program.fail("ended before its work was done")
            if now > deadline:
                self.program.fail(f"is {sum(goal.values()) - reached} records behind")
            time.sleep(0.01)
