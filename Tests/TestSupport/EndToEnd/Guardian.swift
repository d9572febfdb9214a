internal import Foundation
internal import Glibc
internal import Synchronization

/// Kills the children of this test process if it ends without having done so, even by SIGKILL.
///
/// One shell per test process holds the list of live children and reads a pipe whose other end only
/// this process has. (PR_SET_PDEATHSIG would fire when the *thread* that forked ends.)
final class Guardian: Sendable {
    static let shared = Result { try Guardian() }

    private let pipe: Mutex<Int32>

    private init() throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else {
            throw Broker.Unavailable(description: "no pipe: errno \(errno)")
        }
        // A child that inherited the writing end would keep the shell waiting.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pipe = Mutex(ends[1])
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/bash")
        shell.arguments = ["-c", Guardian.script]
        shell.standardInput = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        try shell.run()
    }

    private static let script = """
        trap '' INT TERM HUP
        declare -A live
        while read -r verb process; do
            if [[ $verb == add ]]; then live[$process]=1; else unset "live[$process]"; fi
        done
        for process in "${!live[@]}"; do kill -KILL "$process"; done
        """

    /// From now on the process dies with this one.
    func add(_ process: Int32) { tell("add \(process)\n") }

    /// The process has ended; its number may soon be another's.
    func remove(_ process: Int32) { tell("remove \(process)\n") }

    private func tell(_ line: String) {
        let bytes = Array(line.utf8)
        pipe.withLock { end in _ = unsafe write(end, bytes, bytes.count) }
    }
}
