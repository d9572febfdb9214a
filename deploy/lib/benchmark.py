#!/usr/bin/env python3
"""The measuring part of deploy/benchmark, which see. Called with what that script has prepared.

Both programs are measured from outside, with the same ruler: the group's committed offsets say when
the work is done, /proc says what it cost, and a read_committed consumer says when a result could be
seen. On the development broker the input comes in slices, because that broker answers a fetch with
everything it has: the program is paused (SIGSTOP) while a slice is written, and its clock runs from
the moment it goes on to the commit of the slice's last record.
"""
import argparse
import json
import os
import signal
import statistics
import sys
import threading
import time
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

import kafka
import measure_backlog
import measure_restore
import measure_rolling
from workbench import PARTITIONS, Handoff, Program, Progress, feed, say, seconds_of

SLICE_BYTES = 60_000_000


def parse_arguments():
    parser = argparse.ArgumentParser(prog="deploy/benchmark")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for state and logs")
    parser.add_argument("--sample", type=Path, required=True, help="events for the throughput")
    parser.add_argument("--steady", type=Path, help="events for the latency")
    parser.add_argument("--floor", type=Path)
    parser.add_argument("--reader", type=Path, help="the floor of --restore")
    parser.add_argument("--handoff", type=Path, required=True)
    parser.add_argument("--definition", type=Path, required=True)
    parser.add_argument("--slices", action="store_true", help="development broker: feed in slices")
    parser.add_argument("--rate", type=float, default=5_000)
    parser.add_argument("--seconds", type=float, default=20, help="length of the latency phase")
    parser.add_argument("--deadline", type=float, default=300, help="seconds for the throughput")
    parser.add_argument("--only", choices=["floor", "handoff"])
    parser.add_argument("--restore", action="store_true", help="see measure_restore.py")
    parser.add_argument("--rolling", action="store_true", help="see measure_rolling.py")
    parser.add_argument("--backlog", action="store_true", help="see measure_backlog.py")
    parser.add_argument("--broker-pid", type=int, help="of the private broker, to make it slow")
    parser.add_argument("--profiles", type=int, default=300_000, help="with --restore")
    parser.add_argument("--lanes", type=int, default=PARTITIONS, help="with --restore")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


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
    for wanted, module in ((options.restore, measure_restore),
                           (options.rolling, measure_rolling),
                           (options.backlog, measure_backlog)):
        if wanted:
            result = module.measure(options, run)
            print(json.dumps(result) if options.json else module.table(result))
            return
    programs = [Floor("floor", options, run), Handoff("handoff", options, run)]
    results = {program.name: measure(program) for program in programs
               if options.only in (None, program.name)}
    if options.json:
        print(json.dumps(results))
    else:
        print(table(results, json.loads((options.sample.parent / "about.json").read_text()), options))


if __name__ == "__main__":
    main()
