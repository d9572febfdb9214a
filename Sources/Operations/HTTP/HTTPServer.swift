internal import Dispatch
internal import Glibc
internal import Synchronization

/// Why nothing can be served.
package struct HTTPServerError: Error, Sendable, CustomStringConvertible {
    /// What happened and what to do.
    package let description: String
}

/// Answers a few short requests over HTTP, from a thread of its own.
///
/// Its own thread, because the probes have to be answered when nothing else goes on in the process:
/// all tasks share two or three threads, and what a stuck worker holds up may be all of them.
/// Everything is bounded by `Limits`; a connection is for one request.
package final class HTTPServer: Sendable {
    /// What a server bears.
    package struct Limits: Sendable {
        /// Open connections; another one takes the place of the oldest.
        package var connections = 32
        /// Bytes of a request's head.
        package var headBytes = 8_192
        /// How long a request may take to come, an answer to go, and the other side to close.
        package var exchangeTime = Duration.seconds(5)

        /// The usual ones.
        package init() {}
    }

    /// The port that is served.
    package let port: UInt16
    private let limits: Limits
    private let listener: Descriptor
    /// A pipe: written by `stop`, read by nobody, so that it stays readable.
    private let wake: (reading: Descriptor, writing: Descriptor)
    private let isStopping = Atomic(false)
    private let now: @Sendable () -> Duration
    private let answer: @Sendable (HTTPRequest) -> HTTPResponse

    /// Takes the port; from now on connections wait until `run`.
    ///
    /// - Parameters:
    ///   - host: an IPv4 or IPv6 address, or `localhost`.
    ///   - port: 0 takes any that is free.
    ///   - now: a time that never goes back.
    ///   - answer: called on the server's thread, one request after the other.
    package init(
        host: String, port: Int, limits: Limits = Limits(),
        now: @escaping @Sendable () -> Duration,
        answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse
    ) throws(HTTPServerError) {
        self.limits = limits
        self.now = now
        self.answer = answer
        listener = try Sockets.listen(host, port)
        self.port = Sockets.port(of: listener.number)
        wake = try Sockets.pipe()
    }

    /// Serves until stopped.
    package func run() async {
        await withCheckedContinuation { done in
            DispatchQueue(label: "handoff.http").async { [self] in
                serve()
                done.resume()
            }
        }
    }

    /// Makes `run` return; answers that are under way are cut off.
    package func stop() {
        isStopping.store(true, ordering: .releasing)
        Sockets.signal(wake.writing.number)
    }

    // MARK: The server's thread

    /// A request that comes, or an answer that goes.
    private struct Connection {
        enum State {
            case reading([UInt8])
            case answering([UInt8], sent: Int)
            /// All is said; the other side's end is awaited, for closing before that could discard
            /// the answer on its way.
            case lingering
        }

        let socket: Descriptor
        let deadline: Duration
        var state = State.reading([])

        var isAnswering: Bool {
            if case .answering = state { true } else { false }
        }
    }

    private func serve() {
        var connections: [Connection] = []
        while !isStopping.load(ordering: .acquiring) {
            var polled = [
                pollfd(fd: wake.reading.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0),
            ]
            for connection in connections {
                let events = connection.isAnswering ? POLLOUT : POLLIN
                polled.append(
                    pollfd(fd: connection.socket.number, events: Int16(events), revents: 0))
            }
            let next = connections.map(\.deadline).min()
            guard Sockets.poll(&polled, timeout: next.map { $0 - now() }) else { return }
            let time = now()
            var open: [Connection] = []
            for (place, connection) in connections.enumerated() {
                var connection = connection
                var isOpen = connection.deadline > time
                if isOpen, polled[place + 2].revents != 0 { isOpen = advance(&connection) }
                if isOpen { open.append(connection) }
            }
            if polled[1].revents != 0 { accept(&open, time) }
            connections = open
        }
    }

    private func accept(_ connections: inout [Connection], _ time: Duration) {
        while let socket = Sockets.accept(listener.number) {
            if connections.count >= limits.connections { connections.removeFirst() }
            connections.append(
                Connection(socket: socket, deadline: time + limits.exchangeTime))
        }
    }

    /// Does what can be done now; false if the connection has ended.
    private func advance(_ connection: inout Connection) -> Bool {
        switch connection.state {
        case .reading(var bytes):
            guard let more = Sockets.read(connection.socket.number, limits.headBytes) else {
                return false
            }
            bytes += more
            switch HTTPReading.read(bytes, limit: limits.headBytes) {
            case .incomplete:
                connection.state = .reading(bytes)
                return true
            case .refused(let response):
                connection.state = .answering(response.encoded(isHead: false), sent: 0)
            case .request(let request):
                let response = answer(request)
                connection.state = .answering(
                    response.encoded(isHead: request.isHead), sent: 0)
            }
            return advance(&connection)
        case .answering(let bytes, let sent):
            guard let more = Sockets.send(connection.socket.number, bytes, from: sent) else {
                return false
            }
            connection.state = .answering(bytes, sent: sent + more)
            if sent + more == bytes.count {
                Sockets.endSending(connection.socket.number)
                connection.state = .lingering
            }
            return true
        case .lingering:
            return Sockets.read(connection.socket.number, limits.headBytes) != nil
        }
    }
}
