#!/usr/bin/env python3
"""Small things the scripts ask of a broker, each a subcommand.

ping BOOTSTRAP                          exit 0 when the broker answers
create BOOTSTRAP PARTITIONS TOPIC...    creates the missing ones and waits until they have leaders
delete BOOTSTRAP TOPIC...
delete-prefix BOOTSTRAP PREFIX
ends BOOTSTRAP TOPIC...                 end offset (read_committed), summed per topic
lag BOOTSTRAP GROUP TOPIC...            records between the group's committed offsets and the ends
await BOOTSTRAP GROUP SECONDS PID TOPIC...
    waits until that is 0 and prints the records, and the seconds from the first commit seen to the
    last; fails after SECONDS, or when the process PID (0 = none) is gone
"""
import json
import os
import sys
import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic


def admin(bootstrap):
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})


def watcher(bootstrap, group="handoff-scripts"):
    return Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0,
                     "enable.auto.commit": False, "isolation.level": "read_committed"})


def ping(bootstrap):
    admin(bootstrap).list_topics(timeout=2)


def create(bootstrap, partitions, *topics):
    client = admin(bootstrap)
    known = client.list_topics(timeout=10).topics
    wanted = [NewTopic(t, int(partitions), 1) for t in topics if t not in known]
    for topic, done in (client.create_topics(wanted) if wanted else {}).items():
        try:
            done.result(timeout=15)
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise SystemExit(f"cannot create {topic}: {error}")
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        known = client.list_topics(timeout=10).topics
        if all(t in known and known[t].partitions
               and all(p.leader >= 0 for p in known[t].partitions.values()) for t in topics):
            return
        time.sleep(0.05)
    raise SystemExit("topics have no leader after 15 s: " + ", ".join(topics))


def delete(bootstrap, *topics):
    client = admin(bootstrap)
    known = client.list_topics(timeout=10).topics
    present = [t for t in topics if t in known]
    for topic, done in (client.delete_topics(present) if present else {}).items():
        try:
            done.result(timeout=15)
        except KafkaException as error:
            raise SystemExit(f"cannot delete {topic}: {error}")


def partitions(consumer, topics):
    found = []
    for topic in topics:
        about = consumer.list_topics(topic, timeout=10).topics[topic]
        if about.error:
            raise SystemExit(f"topic {topic}: {about.error}")
        found += [TopicPartition(topic, number) for number in sorted(about.partitions)]
    return found


def end_offsets(consumer, topics):
    return {(p.topic, p.partition): consumer.get_watermark_offsets(p, timeout=10)[1]
            for p in partitions(consumer, topics)}


def committed(client, group, topics_partitions):
    request = [ConsumerGroupTopicPartitions(
        group, [TopicPartition(t, p) for t, p in topics_partitions])]
    answer = client.list_consumer_group_offsets(request)[group].result(timeout=10)
    return {(p.topic, p.partition): max(p.offset, 0) for p in answer.topic_partitions}


def ends(bootstrap, *topics):
    consumer = watcher(bootstrap)
    totals = dict.fromkeys(topics, 0)
    for (topic, _), offset in end_offsets(consumer, topics).items():
        totals[topic] += offset
    consumer.close()
    for topic, total in totals.items():
        print(topic, total)


def lag(bootstrap, group, *topics):
    consumer = watcher(bootstrap)
    goal = end_offsets(consumer, topics)
    done = committed(admin(bootstrap), group, goal)
    consumer.close()
    print(sum(max(0, end - done.get(key, 0)) for key, end in goal.items()))


def await_group(bootstrap, group, seconds, pid, *topics):
    consumer, client = watcher(bootstrap), admin(bootstrap)
    goal = end_offsets(consumer, topics)
    total = sum(goal.values())
    consumer.close()
    deadline = time.monotonic() + float(seconds)
    first = None
    while True:
        done = committed(client, group, goal)
        now = time.monotonic()
        reached = sum(min(done.get(key, 0), end) for key, end in goal.items())
        if first is None and reached > 0:
            first = now
        if reached >= total:
            print(json.dumps({"events": total, "seconds": round(now - (first or now), 3)}))
            return
        if int(pid) and not os.path.exists(f"/proc/{pid}"):
            raise SystemExit(f"process {pid} ended {total - reached} records early")
        if now > deadline:
            raise SystemExit(f"group {group} is {total - reached} records behind after {seconds} s")
        time.sleep(0.02)


def delete_prefix(bootstrap, prefix):
    if not prefix:
        raise SystemExit("delete-prefix needs a prefix")
    known = admin(bootstrap).list_topics(timeout=10).topics
    delete(bootstrap, *[topic for topic in known if topic.startswith(prefix)])


COMMANDS = {"ping": ping, "create": create, "delete": delete, "ends": ends, "lag": lag,
            "await": await_group, "delete-prefix": delete_prefix}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        raise SystemExit(__doc__)
    try:
        COMMANDS[sys.argv[1]](*sys.argv[2:])
    except KafkaException as error:
        raise SystemExit(f"kafka: {error.args[0].str()}")
