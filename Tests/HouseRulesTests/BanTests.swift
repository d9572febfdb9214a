import Testing

/// What Sources must not contain, each with what to write instead.
struct BanTests {
    /// A ban by a pattern of code (not of comments or texts).
    struct Ban: CustomTestStringConvertible {
        let pattern: String
        let instead: String
        /// Targets that the ban is not for.
        var isAllowed: Set<String> = []
        /// Uses with a reason: path and how many.
        var exceptions: [String: Int] = [:]

        var testDescription: String { pattern }
    }

    static let bans = [
        Ban(pattern: #"\btry!"#, instead: "throw, or handle the error"),
        Ban(pattern: #"\bas!"#, instead: "use as? and handle nil"),
        Ban(
            pattern: #"\bfatalError\("#,
            instead: "throw for wrong input; preconditionFailure names wrong code"),
        Ban(pattern: #"\bThread\.sleep\b"#, instead: "wait for an event, or WorkerClock.after"),
        Ban(pattern: #"\bu?sleep\("#, instead: "wait for an event, or WorkerClock.after")
            .allowing("Sources/handoff/Commands/TopicEnsurer.swift", 1)
            // On librdkafka's own thread, which has no event for "not yet".
            .allowing("Sources/KafkaClient/Consumer/FetchPacing.swift", 1),
        Ban(pattern: #"\bTask\.sleep\b"#, instead: "wait for an event, or WorkerClock.after"),
        // GroupCore: librdkafka's own thread waits for the answer to a rebalance, owns the task and
        // cancels it when it no longer can wait.
        Ban(
            pattern: #"\bTask(<.*>)?\s*(\(.*\))?\s*\{"#,
            instead: "add a child task to the group of whoever waits for it"
        ).allowing("Sources/KafkaClient/Consumer/GroupCore.swift", 1),
        Ban(
            pattern: #"\bTask\.detached\b"#,
            instead: "add a child task to the group of whoever waits for it"),
        Ban(
            pattern: #"(^|[^.\w])print\("#, instead: "log; only commands print",
            isAllowed: ["handoff"]),
        Ban(
            pattern: #"\b(Date\(\)|\.random\(in:|ContinuousClock\.now)"#,
            instead: "take time and randomness as parameters (WorkerClock)",
            // KafkaClient measures how long librdkafka took; commands and logs tell the time.
            isAllowed: ["KafkaClient", "handoff"]
        ).allowing("Sources/Worker/Support/WorkerClock.swift", 3),
        Ban(pattern: #"@unchecked Sendable\s*$"#, instead: "say why it is safe"),
        Ban(pattern: #"\bnonisolated\(unsafe\)"#, instead: "use a Mutex or an actor")
            // A pointer set once in init, to atomics.
            .allowing("Sources/Storage/Reference/ReferenceChanges.swift", 1),
    ]

    @Test(arguments: bans)
    func bannedCodeIsNotUsed(_ ban: Ban) throws {
        var faults: [String] = []
        for file in try SourceFile.sources.get() where !ban.isAllowed.contains(file.target) {
            let found = try file.places(matching: ban.pattern, "instead, \(ban.instead)")
            let allowed = ban.exceptions[file.path] ?? 0
            if found.count > allowed { faults += found }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    /// Pointers stay where C is called: KafkaClient, and these files; the fewer the better.
    private static let mayBeUnsafe: Set<String> = [
        // simdjson's results, and a record's key shown in a dead letter.
        "Sources/WireFormats/JSONObjectParser.swift", "Sources/WireFormats/EventReader.swift",
        // Eight bytes of a key, id or type in one load.
        "Sources/Qualification/Words.swift",
        // The buffer that every message and profile is written into.
        "Sources/WireFormats/ByteCoding.swift",
        "Sources/Storage/SQLite/Connection.swift", "Sources/Storage/SQLite/Connection+Scrub.swift",
        "Sources/Storage/SQLite/Statement.swift",
        "Sources/Storage/SQLite/StorageError+SQLite.swift",
        // flock and fsync of the folder; the memory shared between readers.
        "Sources/Storage/StateFolder.swift",
        "Sources/Storage/Reference/ReferenceChanges.swift",
        // Addresses and buffers of TCP.
        "Sources/Operations/HTTP/Sockets.swift",
    ]

    @Test func unsafeCodeStaysWhereCIsCalled() throws {
        var faults: [String] = []
        for file in try SourceFile.sources.get() where file.target != "KafkaClient" {
            let found = try file.places(
                matching: #"\bunsafe\b|@safe\b|\bUnsafe\w*Pointer\b"#,
                "keep pointers in the C-facing files")
            if !BanTests.mayBeUnsafe.contains(file.path) { faults += found }
        }
        #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
    }

    @Test func noUnsafeFileIsListedInVain() throws {
        let files = try SourceFile.sources.get()
        for path in BanTests.mayBeUnsafe {
            let file = files.first { $0.path == path }
            let places = try file?.places(matching: #"\bunsafe\b"#, "") ?? []
            #expect(!places.isEmpty, "\(path) is listed as unsafe and is not: take it off the list")
        }
    }

    // Names, not paths: this file is not to hold what it looks for.
    @Test(arguments: ["work", "root", "tmp", "home", "Users"])
    func noPathOfAMachineIsInSources(_ folder: String) throws {
        let path = "/\(folder)/"
        let endings = [".swift", ".h", ".cpp", ".modulemap"]
        for file in try SourceFile.all(below: "Sources", endings: endings) {
            for (number, line) in file.lines.enumerated() where line.contains(path) {
                Issue.record("\(file.path):\(number + 1): \(path) is a path of one machine")
            }
        }
    }

    @Test func commentsAndTextsAreNotCode() throws {
        let file = SourceFile(
            path: "a.swift",
            text: ##"""
                // try! here
                let a = "try! \(b ?? "try!") try!" /* try! /* try! */ try! */
                let c = #"try! " \#(try! d) "#
                let e = """
                    try! "quoted" \(f(g("try!")))
                    """; try! h()
                """##)
        #expect(try file.places(matching: #"\btry!"#, "x") == ["a.swift:3: x", "a.swift:6: x"])
    }
}

extension BanTests.Ban {
    /// The same ban with uses that have a reason.
    fileprivate func allowing(_ path: String, _ count: Int) -> BanTests.Ban {
        var ban = self
        ban.exceptions[path] = count
        return ban
    }
}
