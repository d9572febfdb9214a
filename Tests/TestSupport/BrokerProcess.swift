internal import Foundation
internal import Glibc
internal import Synchronization

/// The development broker as a child that cannot outlive this process.
///
/// A shell starts it in a process group of its own, then reads a pipe whose other end only this
/// process holds. When this process ends, even by SIGKILL, the pipe does too, and the shell kills
/// that one group. (PR_SET_PDEATHSIG would fire when the *thread* that forked ends.)
final class BrokerProcess: Sendable {
    let port: Int
    private let lifeline: Mutex<Int32?>
    private let folder: String

    init(executable: String) throws {
        port = try BrokerProcess.freePort()
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent(Broker.unique("handoff-broker"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.folder = folder.path
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else {
            throw Broker.Unavailable(description: "no pipe: errno \(errno)")
        }
        // A child that inherited the writing end would keep itself alive.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        lifeline = Mutex(ends[1])
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = [
            "-c", BrokerProcess.script, "bash", folder.path, executable, "start", "--only",
            "kafka", "--kafka-port", "\(port)", "--data-dir",
            folder.appendingPathComponent("data").path,
        ]
        shell.standardInput = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        try shell.run()
    }

    /// Ends the broker as this process's end would.
    func stop() {
        lifeline.withLock { end in
            if let open = end { Glibc.close(open) }
            end = nil
        }
    }

    /// Sends a signal to it and its children, once it runs.
    func send(_ signal: Int32) {
        let text = try? String(contentsOfFile: folder + "/group", encoding: .utf8)
        guard let group = text.flatMap({ Int32($0.dropLast()) }) else { return }
        _ = kill(-group, signal)
    }

    private static let script = """
        set -m
        folder=$1; shift
        "$@" >"$folder/log" 2>&1 </dev/null &
        group=$!
        echo "$group" >"$folder/group"
        cat >/dev/null
        kill -KILL -- "-$group"
        rm -rf "$folder"
        """

    /// A port nobody listens on now; taken by another before the broker has it, the test fails.
    private static func freePort() throws -> Int {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe bind(socket, generic, size) == 0
                    && getsockname(socket, generic, &size) == 0
            }
        }
        guard bound else { throw Broker.Unavailable(description: "no port: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
