internal import Glibc

/// A file descriptor that is closed with its last user.
final class Descriptor: Sendable {
    let number: Int32

    init(number: Int32) { self.number = number }

    deinit { _ = close(number) }
}

/// The system's calls for TCP, none of which waits but `poll`.
enum Sockets {
    /// The words of the system for an error number.
    static func reason(_ code: Int32) -> String {
        var text = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// A listening socket on the first address of a host.
    static func listen(_ host: String, _ port: Int) throws(HTTPServerError) -> Descriptor {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &found)
        defer { unsafe freeaddrinfo(found) }
        guard code == 0, let address = unsafe found?.pointee else {
            let reason = unsafe gai_strerror(code).map { unsafe String(cString: $0) } ?? "none"
            throw HTTPServerError(
                description: "http_host '\(host)' is no address of this machine: \(reason)")
        }
        let socket = Descriptor(
            number: socket(
                unsafe address.ai_family,
                Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0))
        var yes: Int32 = 1
        // Else a restart within a minute is refused the port of its predecessor.
        _ = unsafe setsockopt(
            socket.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard socket.number >= 0,
            unsafe bind(socket.number, address.ai_addr, address.ai_addrlen) == 0,
            Glibc.listen(socket.number, 64) == 0
        else {
            let remedy =
                errno == EADDRINUSE ? "; choose another http_port, or end what has it" : ""
            throw HTTPServerError(
                description: "cannot serve HTTP on \(host) port \(port): "
                    + reason(errno) + remedy)
        }
        return socket
    }

    /// The port that a socket is bound to.
    static func port(of socket: Int32) -> UInt16 {
        var address = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutableBytes(of: &address) { bytes in
            guard let start = bytes.baseAddress,
                unsafe getsockname(
                    socket, start.assumingMemoryBound(to: sockaddr.self), &size) == 0
            else { return 0 }
            // In network order, at the same place in the addresses of both families.
            return unsafe UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        }
    }

    /// Waits until one of them is ready or the time is over; false if that cannot be had.
    static func poll(_ polled: inout [pollfd], timeout: Duration?) -> Bool {
        // Rounded up: a round too early would find nothing to do.
        let limit = timeout.map { Int32(clamping: max(0, Int64($0 / .milliseconds(1))) + 1) } ?? -1
        let count = unsafe Glibc.poll(&polled, nfds_t(polled.count), limit)
        return count >= 0 || errno == EINTR
    }

    /// The next connection that waits.
    static func accept(_ listener: Int32) -> Descriptor? {
        let number = Glibc.accept(listener, nil, nil)
        guard number >= 0 else { return nil }
        protect(number)
        return Descriptor(number: number)
    }

    /// A pipe whose ends do not wait.
    static func pipe() throws(HTTPServerError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else {
            throw HTTPServerError(description: "no pipe: \(reason(errno))")
        }
        for end in ends { protect(end) }
        return (Descriptor(number: ends[0]), Descriptor(number: ends[1]))
    }

    /// Calls on it do not wait, and no child process inherits it.
    private static func protect(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// What has come, empty if nothing has; nil at the end.
    static func read(_ socket: Int32, _ limit: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = unsafe recv(socket, &bytes, limit, 0)
        if count > 0 { return Array(bytes[..<count]) }
        return count < 0 && isPassing(errno) ? [] : nil
    }

    /// How much of the bytes behind a place went; nil if the other side is gone.
    static func send(_ socket: Int32, _ bytes: [UInt8], from place: Int) -> Int? {
        let count = unsafe bytes.withUnsafeBytes { all in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: all[place...])
            return unsafe Glibc.send(
                socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return count }
        return isPassing(errno) ? 0 : nil
    }

    /// Tells the other side that nothing more comes.
    static func endSending(_ socket: Int32) {
        _ = shutdown(socket, Int32(SHUT_WR))
    }

    /// Makes the other end of a pipe readable.
    static func signal(_ writing: Int32) {
        var one: UInt8 = 1
        _ = unsafe write(writing, &one, 1)
    }

    private static func isPassing(_ code: Int32) -> Bool {
        code == EAGAIN || code == EWOULDBLOCK || code == EINTR
    }
}
