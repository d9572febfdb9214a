import Dispatch
import Foundation
import Glibc
import Operations
import Synchronization
import Testing

/// The server over real connections.
@Suite(.timeLimit(.minutes(10)))
struct HTTPServerTests {
    /// A connection that says what it is told to, byte for byte.
    final class Client: Sendable {
        let socket: Int32

        init(port: UInt16) throws {
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(socket, $0, size)
                }
            }
            try #require(result == 0)
        }

        deinit { _ = close(socket) }

        func say(_ text: String) {
            let bytes = Array(text.utf8)
            _ = unsafe send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        /// Everything until the other side ends; waits for it.
        func hear() -> String {
            var all: [UInt8] = []
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = unsafe recv(socket, &bytes, bytes.count, 0)
                if count <= 0 { return String(decoding: all, as: UTF8.self) }
                all += bytes[..<count]
            }
        }
    }

    /// Time that passes only when told to.
    private final class Time: Sendable {
        private let value = Mutex(Duration.zero)
        var now: Duration { value.withLock { $0 } }
        func pass(_ time: Duration) { value.withLock { $0 += time } }
    }

    private static func serving(
        limits: HTTPServer.Limits = HTTPServer.Limits(),
        now: @escaping @Sendable () -> Duration = { .zero },
        answer: @escaping @Sendable (HTTPRequest) -> HTTPResponse = {
            HTTPResponse(.ok, $0.path)
        },
        _ body: @escaping @Sendable (HTTPServer) throws -> Void
    ) async throws {
        let server = try HTTPServer(
            host: "127.0.0.1", port: 0, limits: limits, now: now, answer: answer)
        try await withThrowingTaskGroup { group in
            group.addTask { await server.run() }
            defer { server.stop() }
            // The clients wait for the server, which needs a thread of the tasks to begin.
            try await withCheckedThrowingContinuation { (done: Done) in
                DispatchQueue.global().async { done.resume(with: Result { try body(server) }) }
            }
        }
    }

    private typealias Done = CheckedContinuation<Void, any Error>

    @Test func aRequestIsAnswered() async throws {
        try await Self.serving { server in
            let client = try Client(port: server.port)
            client.say("GET /some")
            client.say("where HTTP/1.1\r\n\r\n")
            #expect(client.hear().hasSuffix("\r\n\r\n/somewhere"))
        }
    }

    @Test func aLargeAnswerArrivesWhole() async throws {
        let size = 8 << 20
        try await Self.serving(answer: { _ in
            HTTPResponse(.ok, String(repeating: "x", count: size))
        }) { server in
            let client = try Client(port: server.port)
            client.say("GET / HTTP/1.1\r\n\r\n")
            #expect(client.hear().utf8.count > size)
        }
    }

    @Test func otherMethodsAndLongHeadsAreRefused() async throws {
        try await Self.serving { server in
            let client = try Client(port: server.port)
            client.say("DELETE / HTTP/1.1\r\n\r\n")
            #expect(client.hear().contains("\r\nAllow: GET, HEAD\r\n"))
            let long = try Client(port: server.port)
            long.say("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 100_000))")
            #expect(long.hear().hasPrefix("HTTP/1.1 431 "))
        }
    }

    @Test func theOldestConnectionMakesRoom() async throws {
        var limits = HTTPServer.Limits()
        limits.connections = 2
        try await Self.serving(limits: limits) { server in
            let idle = try (0..<3).map { _ in try Client(port: server.port) }
            #expect(idle[0].hear() == "")
            idle[2].say("GET /c HTTP/1.1\r\n\r\n")
            #expect(idle[2].hear().hasSuffix("/c"))
        }
    }

    @Test func whoTakesTooLongIsCutOff() async throws {
        let time = Time()
        try await Self.serving(now: { time.now }) { server in
            let slow = try Client(port: server.port)
            slow.say("GET / HT")
            // Another exchange shows that the first part has been seen.
            let other = try Client(port: server.port)
            other.say("GET / HTTP/1.1\r\n\r\n")
            _ = other.hear()
            time.pass(.seconds(6))
            let third = try Client(port: server.port)
            third.say("GET / HTTP/1.1\r\n\r\n")
            #expect(slow.hear() == "")
        }
    }

    @Test func aPortInUseIsToldWithWhatToDo() async throws {
        try await Self.serving { server in
            let error = #expect(throws: HTTPServerError.self) {
                try HTTPServer(
                    host: "127.0.0.1", port: Int(server.port), now: { .zero },
                    answer: { _ in HTTPResponse(.ok, "") })
            }
            #expect(error?.description.contains("port \(server.port)") == true)
            #expect(error?.description.contains("http_port") == true)
        }
    }

    @Test func anAddressOfAnotherMachineIsRefused() {
        #expect(throws: HTTPServerError.self) {
            try HTTPServer(
                host: "192.0.2.1", port: 0, now: { .zero }, answer: { _ in HTTPResponse(.ok, "") })
        }
    }
}
