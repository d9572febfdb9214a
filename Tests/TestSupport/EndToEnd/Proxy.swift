internal import Foundation
internal import Glibc
internal import Synchronization

/// All connections between a worker and a broker on this machine, at a test's mercy.
///
/// It listens at the broker's port on another loopback address. In answers the broker names itself
/// as 127.0.0.1; the proxy writes its own address there, which is as long, so that no client comes
/// past it.
package final class Proxy: Sendable {
    /// What happens to bytes on their way.
    package enum Weather: Sendable, Equatable {
        /// They pass.
        case clear
        /// Each piece is held up for so many milliseconds.
        case slow(Int)
        /// They are held until the weather changes, and nobody is told.
        case still
        /// Requests arrive, and the answers are lost; end it with `cut`.
        case deaf
        /// Answers are late, and of those with records one in so many has a wrong byte in them.
        case garbled(oneIn: Int)
    }

    /// What a worker is to be started with.
    package let bootstrapServers: String
    private let port: Int
    private let address: [UInt8]
    private let listener: Int32
    private let weather = Mutex(Weather.clear)
    private let answersWithRecords = Atomic(0)
    private let garbledAnswers = Atomic(0)
    /// Answers that arrived with a wrong byte.
    package var garbledCount: Int { garbledAnswers.load(ordering: .relaxed) }
    /// How late they were, in milliseconds.
    private static let garblingTime = 20
    private let links = Mutex<[Link]>([])
    /// 127.0.0.2 to 127.0.0.9, as long as 127.0.0.1.
    private static let addresses = 8

    /// Listens on 127.0.0.(2 + `number`), for the broker at `port` of 127.0.0.1.
    package init(port: Int, number: Int) throws {
        let host = "127.0.0.\(2 + number)"
        guard number < Proxy.addresses else {
            throw Broker.Unavailable(description: "no address as short")
        }
        bootstrapServers = "\(host):\(port)"
        self.port = port
        address = Array(host.utf8)
        listener = Proxy.socket()
        var yes: Int32 = 1
        _ = unsafe setsockopt(
            listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let bound = unsafe Proxy.withAddress(UInt8(2 + number), port) { address, size in
            unsafe bind(listener, address, size)
        }
        guard bound == 0, listen(listener, 64) == 0 else {
            throw Broker.Unavailable(description: "no proxy on \(host):\(port): errno \(errno)")
        }
        Thread { [self] in acceptAll() }.start()
    }

    /// A slow one on the first address that is free; nil before a broker with another name than
    /// 127.0.0.1.
    static func slow(_ milliseconds: Int, before broker: Broker) throws -> Proxy? {
        let parts = broker.bootstrapServers.split(separator: ":")
        guard parts.count == 2, parts[0] == "127.0.0.1", let port = Int(parts[1]) else {
            return nil
        }
        var number = 0
        while true {
            do {
                let proxy = try Proxy(port: port, number: number)
                proxy.change(to: .slow(milliseconds))
                return proxy
            } catch  where number + 1 < addresses {
                number += 1
            }
        }
    }

    /// From now on bytes meet this weather.
    package func change(to weather: Weather) { self.weather.withLock { $0 = weather } }

    /// Ends every connection, and the bad weather.
    package func cut() {
        let links = links.withLock { $0 }
        for link in links { link.cut() }
        change(to: .clear)
    }

    /// Ends everything.
    package func close() {
        _ = shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }

    // MARK: Connections

    /// Two sockets that are closed with their last user.
    private final class Link: Sendable {
        let client: Int32
        let broker: Int32
        let isCut = Atomic(false)

        init(client: Int32, broker: Int32) { (self.client, self.broker) = (client, broker) }

        deinit { for end in [client, broker] { _ = Glibc.close(end) } }

        func cut() {
            isCut.store(true, ordering: .releasing)
            for end in [client, broker] { _ = shutdown(end, Int32(SHUT_RDWR)) }
        }
    }

    private func acceptAll() {
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { break }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            let broker = Proxy.socket()
            let link = Link(client: client, broker: broker)
            let connected = unsafe Proxy.withAddress(1, port) { address, size in
                unsafe connect(broker, address, size)
            }
            guard connected == 0 else { continue }
            links.withLock { $0.append(link) }
            Thread { [self] in
                while let bytes = Proxy.some(of: client), pass(bytes, link, isAnswer: false) {}
                end(link)
            }.start()
            Thread { [self] in
                while let bytes = Proxy.frame(of: broker),
                    pass(disguised(bytes), link, isAnswer: true)
                {}
                end(link)
            }.start()
        }
        _ = Glibc.close(listener)
    }

    private func end(_ link: Link) {
        link.cut()
        links.withLock { $0.removeAll { $0 === link } }
    }

    /// Takes bytes to the other side as the weather is; false at the end.
    private func pass(_ bytes: [UInt8], _ link: Link, isAnswer: Bool) -> Bool {
        if case .slow(let time) = weather.withLock({ $0 }) { Proxy.wait(time) }
        while weather.withLock({ $0 }) == .still, !link.isCut.load(ordering: .acquiring) {
            Proxy.wait(5)
        }
        guard isAnswer else { return Proxy.write(bytes, to: link.broker) }
        switch weather.withLock({ $0 }) {
        case .deaf: return true
        case .garbled(let oneIn):
            Proxy.wait(Proxy.garblingTime)
            return Proxy.write(garbled(bytes, oneIn), to: link.client)
        default: return Proxy.write(bytes, to: link.client)
        }
    }

    /// With the proxy's address wherever the broker's stands before its port.
    private func disguised(_ bytes: [UInt8]) -> [UInt8] {
        let own = Array("127.0.0.1".utf8)
        let tail = [0, 0, UInt8(port >> 8), UInt8(port & 0xff)]
        var bytes = bytes
        var place = 0
        while let found = bytes[place...].firstIndex(of: own[0]) {
            place = found + 1
            let end = found + own.count
            guard end + 4 <= bytes.count, Array(bytes[found..<end]) == own,
                Array(bytes[end..<end + 4]) == tail
            else { continue }
            bytes.replaceSubrange(found..<end, with: address)
        }
        return bytes
    }

    /// With a wrong byte in one of its batches of records, if its turn has come.
    private func garbled(_ bytes: [UInt8], _ oneIn: Int) -> [UInt8] {
        let batches = RecordBatchBytes.all(in: bytes)
        guard !batches.isEmpty else { return bytes }
        let turn = answersWithRecords.add(1, ordering: .relaxed).oldValue
        guard turn % oneIn == 0 else { return bytes }
        garbledAnswers.add(1, ordering: .relaxed)
        var bytes = bytes
        // The second batch, so that the first is taken; then the first, behind which librdkafka
        // reads on in the middle of its bytes.
        let records = batches[(turn / oneIn + 1) % min(2, batches.count)].records
        bytes[records.lowerBound + turn % records.count] ^= 0x20
        return bytes
    }

    // MARK: Sockets

    private static func socket() -> Int32 {
        Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    private static func withAddress(
        _ last: UInt8, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = (0x7f00_0000 | UInt32(last)).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe body(generic, size)
            }
        }
    }

    /// Blocks this thread, which is the proxy's own.
    private static func wait(_ milliseconds: Int) { _ = poll(nil, 0, Int32(milliseconds)) }

    private static func some(of socket: Int32, limit: Int = 65_536) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(socket, &bytes, limit, 0)
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    /// One answer of Kafka, with its length before it.
    private static func frame(of socket: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var wanted = 4
        while bytes.count < wanted {
            guard let more = some(of: socket, limit: min(wanted - bytes.count, 1 << 20)) else {
                return nil
            }
            bytes += more
            if wanted == 4, bytes.count == 4 {
                wanted += bytes.reduce(0) { $0 << 8 | Int($1) }
            }
        }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to socket: Int32) -> Bool {
        var place = 0
        while place < bytes.count {
            let sent = unsafe bytes.withUnsafeBytes { all in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: all[place...])
                return unsafe send(socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            place += sent
        }
        return true
    }
}
