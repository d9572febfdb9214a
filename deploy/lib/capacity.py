#!/usr/bin/env python3
"""Computes the tables of deploy/capacity.md from what was measured and what is assumed.

    capacity.py            prints the tables
    capacity.py --write    puts them into the page, between its markers

A number that was measured stands once, here, with its source. After a change of speed or formats:
measure (deploy/benchmark, deploy/lib/footprint.py), correct MEASURED, --write.
"""
import argparse
import math
import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parent.parent / "capacity.md"
RATES = [10_000, 100_000, 1_000_000]


class Number(NamedTuple):
    value: float
    unit: str
    what: str
    source: str


# Of the slower of the two runs of Decisions 11.
RATE, CPU = 108_000, 11.9
CORES = 2
MIB = 1.048576
BENCHMARK = "`deploy/benchmark`, 30,000 leads that fit into memory (Decisions 11)"
BACKLOG = "`footprint.py`, 660,000 events of 60,000 leads as a backlog"
STEADY = "`footprint.py --rate 5000`, 150,000 events, commits every 100 ms"
MEASURED = {
    "worker_rate": Number(
        RATE, "events/s", "one worker on two cores, the broker beside it", BENCHMARK),
    "cpu": Number(CPU, "us", "CPU for an event", BENCHMARK),
    "cold_cpu": Number(66, "us", "more for an event whose lead is not in memory",
                       "`footprint.py` with 16 MiB of `hot_profile_bytes` against 160 MiB"),
    "peak_memory": Number(480, "MB", "memory of a worker at its peak, mapped files apart",
                          "`deploy/benchmark --backlog`, 2,100,000 events of 100,000 leads"),
    "input_bytes": Number(301, "bytes", "an input record, key and JSON", BACKLOG),
    "changelog_records": Number(0.97, "", "changelog records for an event", STEADY),
    "changelog_bytes": Number(588, "bytes", "a changelog record (10 activities a lead)", BACKLOG),
    "status_records": Number(0.25, "", "status changes for an event", BACKLOG),
    "status_bytes": Number(1_170, "bytes", "a status change with its headers", BACKLOG),
    "mql_records": Number(0.00375, "", "MQLs for an event", BACKLOG),
    "mql_bytes": Number(3_140, "bytes", "an MQL with its headers", BACKLOG),
    "state_bytes": Number(1_043, "bytes", "a profile in the state folder, indexes included",
                          BACKLOG),
    "restore_rate": Number(100_000, "records/s", "a worker's restore of all its lanes, empty disk",
                           "`deploy/benchmark --restore`, 600,000 profiles in two lanes, the broker "
                           "and builds beside it (six lanes of 50,000: 169,000)"),
}
ASSUMED = {
    "profiles": Number(1_000, "", "profiles for each event/s (86 events a lead and day)", ""),
    "hot": Number(0.7, "", "of the events find their lead in memory (visits come in bursts)", ""),
    "replication": Number(3, "", "replicas of each topic, in three zones", ""),
    "commit": Number(0.1, "s", "`commit_interval`, its default", ""),
    "tail": Number(3_600, "s", "of changelog not compacted yet (`max.compaction.lag.ms`)", ""),
    "broker_writes": Number(100, "MB/s", "written by a broker, its replicas included", ""),
    "core_hour": Number(0.04, "$", "a core for an hour", ""),
    "zone_traffic": Number(0.02, "$", "a GB between zones", ""),
    "disk_month": Number(0.10, "$", "a GB of broker disk for a month", ""),
    "retention": Number(7, "days", "that inputs and outputs are kept", ""),
}
# Of a worker's full speed, so that it takes over a neighbour's lanes and works off a backlog.
HEADROOM = 0.5
FEWEST_WORKERS = 2
BENCHMARK_LANES = 6
LANES_PER_WORKER = 4
# Changelog, status changes and three products; and the group's offsets once for a transaction.
TOPICS_WRITTEN = 5


def measured(name):
    return MEASURED[name].value


def assumed(name):
    return ASSUMED[name].value


def planned_rate():
    """Events a second that a worker is planned with."""
    cpu = measured("cpu")
    return HEADROOM * measured("worker_rate") * cpu / (
        cpu + (1 - assumed("hot")) * measured("cold_cpu"))


def workers(rate):
    return max(FEWEST_WORKERS, math.ceil(rate / planned_rate()))


def partitions(rate):
    """Divided evenly by many numbers of workers: 6, 12, 24, 48, ..."""
    count = 6
    while count < LANES_PER_WORKER * workers(rate):
        count *= 2
    return count


def memory_bound(lanes):
    """What the limits of a worker with so many lanes allow, by part, in MB."""
    inputs = 3 * lanes
    return {
        "profiles in memory (`hot_profile_bytes`)": 160 * MIB,
        "profiles on their way to the disk (4 x `flush_bytes`, then lanes wait)": 4 * 32 * MIB,
        "two epochs, the one that is filled and the one that is committed (48 MiB each)":
            2 * 48 * MIB,
        "records that the producer holds (`queue.buffering.max.kbytes`)": 64 * MIB,
        "records that wait in the client, for each partition of an input "
        "(`queued.max.messages.kbytes` or `queued.min.messages`, and a fetch)": 9 * MIB * inputs,
        "one answer of a broker (`fetch.max.bytes`)": 16 * MIB,
        "SQLite's caches, for each lane, and of the reference data": (22 * lanes + 8) * MIB,
        "indexes that a lane sorts when its restore ends, the rest of them in a file":
            16 * MIB * lanes,
        "program, libraries and threads": 60 * MIB,
    }


def output_bytes():
    """Published for an event, the changelog apart."""
    return (measured("status_records") * measured("status_bytes")
            + measured("mql_records") * measured("mql_bytes"))


def changelog_bytes():
    return measured("changelog_records") * measured("changelog_bytes")


def written_bytes():
    return measured("input_bytes") + output_bytes() + changelog_bytes()


def profiles(rate):
    return rate * assumed("profiles")


def restore_records(rate):
    """What a disk that is lost has to read: each profile once, and the tail before compaction."""
    return profiles(rate) + rate * measured("changelog_records") * assumed("tail")


def markers(rate):
    per_transaction = TOPICS_WRITTEN * partitions(rate) / workers(rate) + 1
    return per_transaction * workers(rate) / assumed("commit")


def plan(rate):
    """Rows of a column: title to a shown value."""
    replicated = written_bytes() * assumed("replication") * rate
    sent = (written_bytes() * (assumed("replication") - 1)
            + measured("input_bytes") + output_bytes()) * rate
    count = workers(rate)
    return {
        "events planned for a worker": f"{rounded(planned_rate()):,.6g}/s",
        "workers of two cores": f"{count:,}",
        "partitions": f"{partitions(rate):,}",
        "memory, all workers": size(count * measured("peak_memory") * 1e6),
        "profiles": short(profiles(rate)),
        "state, all workers": size(profiles(rate) * measured("state_bytes")),
        "state, each worker": size(profiles(rate) * measured("state_bytes") / count),
        "restore after the loss of all disks": span(
            restore_records(rate) / (count * measured("restore_rate"))),
        "written by producers": size(measured("input_bytes") * rate) + "/s",
        "written by workers": size((output_bytes() + changelog_bytes()) * rate) + "/s",
        "written to brokers' disks": size(replicated) + "/s",
        "sent by brokers": size(sent) + "/s",
        "brokers": f"{max(3, math.ceil(replicated / 1e6 / assumed('broker_writes'))):,}",
        "transactions": f"{rounded(count / assumed('commit')):,.6g}/s",
        "markers": f"{rounded(markers(rate)):,.6g}/s",
        "cost of a million events": f"${rounded(cost(rate)):g}",
        "of that the workers": f"${rounded(worker_cost(rate)):g}",
    }


def worker_cost(rate):
    return workers(rate) * CORES / 3600 * assumed("core_hour") / rate * 1e6


def cost(rate):
    """Workers, traffic between zones, and disks; the brokers' own machines are not in it."""
    gigabytes = 1e6 / 1e9
    read = measured("input_bytes") + output_bytes()
    # Two of three records are written to, and read from, another zone; copies always are.
    between = (written_bytes() * (assumed("replication") - 1)
               + (written_bytes() + read) * 2 / 3) * gigabytes
    kept = read * assumed("replication") * gigabytes * assumed("retention") / 30
    return (worker_cost(rate) + between * assumed("zone_traffic")
            + kept * assumed("disk_month"))


# --- Words --------------------------------------------------------------------------------------

def rounded(value):
    """Two digits that say something; more would promise too much."""
    if value == 0:
        return 0.0
    return round(value, 1 - math.floor(math.log10(abs(value))))


def scaled(value, steps):
    for name, step in steps:
        if value >= step:
            return f"{rounded(value / step):,.6g}{name}"
    return f"{rounded(value):,.6g}"


def size(value):
    return scaled(value, [(" TB", 1e12), (" GB", 1e9), (" MB", 1e6), (" kB", 1e3)])


def short(value):
    return scaled(value, [(" billion", 1e9), (" million", 1e6)])


def span(value):
    return scaled(value, [(" h", 3600), (" min", 60), (" s", 1)])


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
                     + ["| " + " | ".join(row) + " |" for row in rows])


def shown(number):
    return f"{number.value:,g} {number.unit}".strip()


def tables():
    columns = [plan(rate) for rate in RATES]
    return {
        "measured": table(["measured", "value", "source"], [
            [number.what, shown(number), number.source] for number in MEASURED.values()]),
        "memory": table(["what", f"with {BENCHMARK_LANES} lanes"], [
            *[[what, f"{value:,.0f} MB"] for what, value in memory_bound(BENCHMARK_LANES).items()],
            ["all of it at once", f"{sum(memory_bound(BENCHMARK_LANES).values()):,.0f} MB"]]),
        "assumed": table(["assumed", "value"], [
            ["of a worker's full speed that is planned with", f"{HEADROOM:g}"],
            ["lanes for each worker, at least", str(LANES_PER_WORKER)],
            *[[number.what, shown(number)] for number in ASSUMED.values()]]),
        "plan": table(["", *[f"{rate:,} events/s" for rate in RATES]], [
            [title, *[column[title] for column in columns]] for title in columns[0]]),
    }


def page(text):
    """The page with its tables computed anew; each has its place in it, once."""
    for name, content in tables().items():
        text, count = re.subn(
            rf"(<!-- computed: {name} -->\n).*?(<!-- end -->\n)",
            lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.S)
        if count != 1:
            raise SystemExit(f"{PAGE.name} has {count} places for the table '{name}'")
    return text


def main():
    parser = argparse.ArgumentParser(description="Computes the tables of deploy/capacity.md.")
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        PAGE.write_text(page(PAGE.read_text()))
        return
    print("\n\n".join(tables().values()))


if __name__ == "__main__":
    main()
