#!/usr/bin/env python3
"""Sends the records of a generated events.jsonl to Kafka.

    feed.py EVENTS.jsonl --bootstrap HOST:PORT [--prefix P] [--rate N] [--now] [--from N] [--bytes N]

Keys choose the partition by murmur2, as the Java clients do, so all three inputs agree. Records keep
the file's timestamps; --now stamps each with the time at which it is sent, and its occurred_at with
the same millisecond. --rate paces smoothly. --from and --bytes send a slice: the line after the last
one sent is printed as "next", together with the records and bytes sent and the seconds taken.
"""
import argparse
import base64
import datetime
import json
import re
import sys
import time

from confluent_kafka import KafkaException, Producer

OCCURRED = b'"occurred_at":"'
HEAD = re.compile(rb'\{"topic":"([^"\\]*)","key":"([^"\\]*)","timestamp":(\d+)')


def parse_arguments():
    parser = argparse.ArgumentParser(description="Sends a generated stream to Kafka.")
    parser.add_argument("events")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--prefix", default="", help="put before every topic name")
    parser.add_argument("--rate", type=float, help="records a second")
    parser.add_argument("--now", action="store_true", help="stamp records when they are sent")
    parser.add_argument("--from", dest="first", type=int, default=0, help="lines to skip")
    parser.add_argument("--bytes", type=int, help="stop before sending more than this")
    parser.add_argument("--limit", type=int, help="stop after so many records")
    parser.add_argument("--compression", default="lz4", help="codec, or none (default lz4)")
    parser.add_argument("--quiet", action="store_true")
    return parser.parse_args()


def read(line):
    """topic, key, timestamp and value of a line; the generator's own layout is cut, not parsed."""
    head, _, value = line.partition(b',"value":')
    match = HEAD.fullmatch(head)
    if match and value.startswith(b"{"):
        topic, key, stamp = match.groups()
        return topic.decode(), key, int(stamp), value[:value.rindex(b"}")]
    record = json.loads(line)
    value = record.get("value")
    if "raw_base64" in record:
        value = base64.b64decode(record["raw_base64"])
    elif value is not None:
        value = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    key = record.get("key")
    return record["topic"], None if key is None else key.encode(), record["timestamp"], value


class Now:
    """The present as Kafka milliseconds and as RFC 3339 bytes; the date is made once a second."""

    def __init__(self):
        self.second, self.text = None, b""

    def __call__(self):
        ms = time.time_ns() // 1_000_000
        second, rest = divmod(ms, 1000)
        if second != self.second:
            self.second = second
            moment = datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
            self.text = moment.strftime("%Y-%m-%dT%H:%M:%S.").encode()
        return ms, b"%s%03dZ" % (self.text, rest)


def restamp(value, text):
    at = value.find(OCCURRED) if value else -1
    if at < 0:
        return value
    at += len(OCCURRED)
    return value[:at] + text + value[value.index(b'"', at):]


def main():
    options = parse_arguments()
    failed = []
    producer = Producer({
        "bootstrap.servers": options.bootstrap, "client.id": "handoff-feed", "log_level": 0,
        "partitioner": "murmur2_random", "enable.idempotence": True, "acks": "all",
        # At a rate the point is latency; without one it is throughput.
        "linger.ms": 1 if options.rate else 20, "batch.size": 400_000,
        "queue.buffering.max.messages": 200_000, "queue.buffering.max.kbytes": 131_072,
        "compression.type": options.compression, "message.max.bytes": 4_000_000, "socket.nagle.disable": True,
        "error_cb": lambda error: failed.append(str(error)) if error.fatal() else None,
    })

    def on_delivery(error, message):
        if error is not None:
            failed.append(f"{message.topic()}: {error.str()}")

    now, names, sent, size = Now(), {}, 0, 0
    line_number = options.first
    started = shown = time.monotonic()
    with open(options.events, "rb") as lines:
        for _ in range(options.first):
            next(lines)
        for line in lines:
            if options.bytes and size + len(line) > options.bytes and sent:
                break
            if options.limit and sent >= options.limit:
                break
            topic, key, stamp, value = read(line)
            name = names.get(topic)
            if name is None:
                name = names[topic] = options.prefix + topic
            if options.rate and sent % 5 == 0:
                due = started + sent / options.rate
                while (wait := due - time.monotonic()) > 0:
                    producer.poll(0)
                    time.sleep(min(wait, 0.02))
            if options.now:
                stamp, text = now()
                value = restamp(value, text)
            while True:
                try:
                    producer.produce(name, value, key, timestamp=stamp, on_delivery=on_delivery)
                    break
                except BufferError:
                    producer.poll(0.05)
            sent += 1
            size += len(line)
            line_number += 1
            if sent % 5_000 == 0:
                producer.poll(0)
                if failed:
                    break
                if not options.quiet and sys.stderr.isatty() and time.monotonic() - shown > 0.5:
                    shown = time.monotonic()
                    print(f"\r    sent {sent:,} records", end="", file=sys.stderr)
    left = producer.flush(60)
    if not options.quiet and sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    if failed or left:
        raise SystemExit(f"feed: {failed[0] if failed else f'{left} records not acknowledged'}")
    print(json.dumps({"sent": sent, "bytes": size, "next": line_number,
                      "seconds": round(time.monotonic() - started, 3)}))


if __name__ == "__main__":
    try:
        main()
    except KafkaException as error:
        raise SystemExit(f"feed: {error.args[0].str()}")
