#!/usr/bin/env python3
"""Keeps the limits of a fetch, in front of a broker that does not.

    fetch_limits.py BOOTSTRAP TOPIC PARTITIONS

The development broker answers a fetch with everything up to the end of the partition, and spends
more on it than a worker does on restoring from it. This reads a topic once, keeps it in memory as it
came, and answers fetches of it as Kafka does: whole batches up to `partition_max_bytes`. All else,
also fetches of what was added since, goes to the broker and back. Prints the port it listens on, for
as long as its standard input is open. Only for a topic without aborted transactions.
"""
import socket
import struct
import sys
import threading

FETCH, HOST = 1, "127.0.0.1"
FETCH_VERSION = 4


class Reader:
    """Fields of the Kafka protocol, one after the other."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def number(self, form):
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def text(self):
        size = self.number("h")
        self.at += max(size, 0)
        return bytes(self.data[self.at - max(size, 0):self.at]).decode()


def take(connection, size):
    data, view = bytearray(size), 0
    while view < size:
        got = connection.recv_into(memoryview(data)[view:])
        if got == 0:
            raise ConnectionError
        view += got
    return data


def take_frame(connection):
    return take(connection, struct.unpack(">i", take(connection, 4))[0])


def send_frame(connection, *parts):
    connection.sendall(struct.pack(">i", sum(len(part) for part in parts)))
    for part in parts:
        connection.sendall(part)


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


class Log:
    """A partition as it came from the broker, and where its batches lie."""

    def __init__(self, broker, topic, partition):
        self.start, self.end, self.batches, self.data = None, 0, [], bytearray()
        while self.fetch(broker, topic, partition):
            pass

    def fetch(self, broker, topic, partition):
        send_frame(broker, struct.pack(">hhi", FETCH, FETCH_VERSION, 0) + text("limits"),
                   struct.pack(">iiiib", -1, 0, 1, 2**31 - 1, 1), struct.pack(">i", 1),
                   text(topic), struct.pack(">iiqi", 1, partition, self.end, 2**31 - 1))
        answer = Reader(take_frame(broker), 8)
        answer.number("i"), answer.text(), answer.number("i"), answer.number("i")
        error, high = answer.number("h"), answer.number("q")
        answer.number("q")
        if error or answer.number("i") > 0:
            raise SystemExit(f"{topic}/{partition}: error {error}, or aborted transactions")
        size = answer.number("i")
        self.add(answer.data[answer.at:answer.at + size])
        return self.end < high

    def add(self, data):
        at = 0
        while at + 27 <= len(data):
            base, length = struct.unpack_from(">qi", data, at)
            last = base + struct.unpack_from(">i", data, at + 23)[0]
            if at + 12 + length > len(data):
                break
            place = len(self.data)
            if last >= self.end:
                self.data += data[at:at + 12 + length]
                self.batches.append((last, place, len(self.data)))
                self.end = last + 1
            at += 12 + length

    def part(self, offset, limit):
        """Whole batches from the offset on, the first whatever its size."""
        low, high = 0, len(self.batches)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.batches[middle][0] < offset else (low, middle)
        start = end = self.batches[low][1]
        for _, _, after in self.batches[low:]:
            if end > start and after - start > limit:
                break
            end = after
        return memoryview(self.data)[start:end]


class Connection(threading.Thread):
    """A client's connection and one to the broker for it."""

    def __init__(self, client, port, broker, logs):
        super().__init__(daemon=True)
        self.client, self.port, self.broker, self.logs = client, port, broker, logs
        self.upstream = None

    def run(self):
        try:
            self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                request = take_frame(self.client)
                if not self.answer(request):
                    self.pass_on(request)
        except OSError:
            pass
        finally:
            self.client.close()
            if self.upstream:
                self.upstream.close()

    def pass_on(self, request):
        if not self.upstream:
            self.upstream = socket.create_connection(self.broker)
            self.upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        send_frame(self.upstream, request)
        answer = take_frame(self.upstream)
        # So that whoever asks for the cluster, or for a coordinator, comes here again.
        name = text(self.broker[0])
        send_frame(self.client, answer.replace(name + struct.pack(">i", self.broker[1]),
                                               name + struct.pack(">i", self.port)))

    def answer(self, request):
        head = Reader(request)
        key, version, serial = head.number("h"), head.number("h"), head.number("i")
        if key != FETCH or not 4 <= version <= 11:
            return False
        head.text()
        head.at += 12
        limit = head.number("i")
        head.at += 1 + (8 if version >= 7 else 0)
        asked = []
        for _ in range(head.number("i")):
            topic = head.text()
            for _ in range(head.number("i")):
                partition = head.number("i")
                head.at += 4 if version >= 9 else 0
                offset = head.number("q")
                head.at += 8 if version >= 5 else 0
                asked.append((topic, partition, offset, head.number("i")))
        found = [self.logs.get((topic, partition)) for topic, partition, _, _ in asked]
        if not found or any(log is None or offset >= log.end
                            for log, (_, _, offset, _) in zip(found, asked)):
            return False
        parts = [struct.pack(">ii", serial, 0) + (bytes(6) if version >= 7 else b"")
                 + struct.pack(">i", len(asked))]
        for log, (topic, partition, offset, most) in zip(found, asked):
            data = log.part(offset, min(limit, most))
            limit = max(0, limit - len(data))
            parts += [text(topic) + struct.pack(">iihqq", 1, partition, 0, log.end, log.end)
                      + (struct.pack(">q", 0) if version >= 5 else b"") + struct.pack(">i", 0)
                      + (struct.pack(">i", -1) if version >= 11 else b"")
                      + struct.pack(">i", len(data)), data]
        send_frame(self.client, *parts)
        return True


def main():
    bootstrap, topic, partitions = sys.argv[1:]
    host, _, port = bootstrap.rpartition(":")
    broker = (host, int(port))
    with socket.create_connection(broker) as connection:
        logs = {(topic, number): Log(connection, topic, number)
                for number in range(int(partitions))}
    listener = socket.create_server((HOST, 0))
    own = listener.getsockname()[1]

    def serve():
        while True:
            Connection(listener.accept()[0], own, broker, logs).start()

    threading.Thread(target=serve, daemon=True).start()
    print(own, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
