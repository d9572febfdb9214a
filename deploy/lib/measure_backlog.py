#!/usr/bin/env python3
"""deploy/benchmark --backlog: the memory of a worker that is far behind, beside a slow broker.

Two million activities by default. A given broker gets them all before the worker starts. The
development broker answers a fetch with everything it has, so there the waiting records are topped
up, and there are never less than one such answer of them; and it is stopped and let go on in turns
(SIGSTOP, SIGCONT) for as long as the worker works, so that it is there for a part of the time only.
The memory is the process's own (RssAnon), five times a second, and beside it the peak with files
that are mapped (VmHWM), which the system takes back when it needs the room.
"""
import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import capacity
import kafka
from measure_restore import Worker
from workbench import PARTITIONS, Progress, feed, say

# Of each second, the development broker works for so long.
BROKER_WORKS, BROKER_STOPS = 0.5, 0.5
# Below so many waiting records the next slice is sent; a slice is what one fetch may bring.
WAITING_AT_LEAST = 100_000
SLICE_BYTES = 40_000_000
# The parts of the run whose peaks are shown beside each other.
PARTS = 8


class Memory(threading.Thread):
    """Looks at a process again and again."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.samples, self.ending = pid, [], threading.Event()

    def run(self):
        while not self.ending.wait(0.2):
            try:
                status = Path(f"/proc/{self.pid}/status").read_text()
            except OSError:
                return
            self.samples.append((time.monotonic(), int(re.search(r"RssAnon:\s+(\d+)", status)[1])))

    def peaks(self):
        """The peak of each part of the time, in MB."""
        first, last = self.samples[0][0], self.samples[-1][0]
        peaks = [0] * PARTS
        for at, size in self.samples:
            part = min(PARTS - 1, int((at - first) / max(last - first, 1e-3) * PARTS))
            peaks[part] = max(peaks[part], size)
        return [round(peak / 1024) for peak in peaks]


class SlowBroker(threading.Thread):
    """Stops and continues a process that this benchmark has started."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.ending = pid, threading.Event()

    def run(self):
        while not self.ending.is_set():
            os.kill(self.pid, signal.SIGSTOP)
            self.ending.wait(BROKER_STOPS)
            os.kill(self.pid, signal.SIGCONT)
            self.ending.wait(BROKER_WORKS)

    def finish(self):
        self.ending.set()
        if self.is_alive():
            self.join()
        os.kill(self.pid, signal.SIGCONT)


def backlog(worker, deadline):
    """Feeds and waits until all is done; how many events there were."""
    options, progress, line, sent = worker.options, Progress(worker), 0, 0
    while True:
        part = feed(worker, options.sample, "--from", line, "--bytes",
                    SLICE_BYTES if options.slices else 10**12)
        if part["sent"] == 0:
            break
        sent, line = sent + part["sent"], part["next"]
        goal = progress.goal()
        if options.slices:
            progress.until(goal, deadline, short=WAITING_AT_LEAST)
    progress.until(progress.goal(), deadline)
    return sent


def measure(options, run):
    worker = Worker(options, run)
    worker.prepare()
    deadline = time.monotonic() + 6 * options.deadline
    slow, memory = SlowBroker(options.broker_pid) if options.broker_pid else None, None
    try:
        if not options.slices:
            say("    publishing the backlog")
            feed(worker, options.sample)
        worker.start()
        memory = Memory(worker.process.pid)
        memory.start()
        if slow:
            slow.start()
        started = time.monotonic()
        say("    working it off")
        if options.slices:
            events = backlog(worker, deadline)
        else:
            progress = Progress(worker)
            goal = progress.goal()
            progress.until(goal, deadline)
            events = sum(goal.values())
        seconds = time.monotonic() - started
        memory.ending.set()
        memory.join()
        result = {"events": events, "seconds": round(seconds, 1),
                  "events_per_second": round(events / seconds),
                  "broker_stopped_share": BROKER_STOPS / (BROKER_STOPS + BROKER_WORKS)
                  if slow else 0,
                  "peaks_mb": memory.peaks(), "peak_rss_mb": round(worker.peak_rss_mb()),
                  "bound_mb": round(sum(capacity.memory_bound(PARTITIONS).values()))}
    finally:
        if slow:
            slow.finish()
        worker.stop()
        kafka.delete_prefix(options.bootstrap, worker.prefix)
    return result


def table(result):
    slow = (f"the broker stopped for {result['broker_stopped_share']:.0%} of the time"
            if result["broker_stopped_share"] else "the broker as given")
    lines = [f"{result['events']:,} events waiting or coming as fast as they are taken, {slow};",
             f"worked off in {result['seconds']:,.0f} s, {result['events_per_second']:,} a second", "",
             "peak memory, MB, by eighths of the time",
             "".join(f"{peak:>8}" for peak in result["peaks_mb"]),
             f"peak of all: {max(result['peaks_mb'])} MB, with mapped files {result['peak_rss_mb']} MB; "
             f"the settings allow {result['bound_mb']} MB"]
    return "\n".join(lines)
