/// The tables of one kind of state file, as the numbered steps that make them.
///
/// Steps are append-only: one that has shipped is never changed, and none knows the program's
/// types. `PRAGMA user_version` counts the steps a file has seen. `schemas/state.sql` shows their
/// sum; a test compares the two.
package struct Schema: Sendable {
    /// `PRAGMA application_id` of the file: tells it from other programs' files, and kinds apart.
    package let applicationID: Int32
    /// SQL of step 1, 2, ...
    package let steps: [String]

    /// Makes a schema.
    package init(applicationID: Int32, steps: [String]) {
        self.applicationID = applicationID
        self.steps = steps
    }

    /// `lane-<n>.sqlite`: the profiles of one lane ("HOfL").
    package static let lane = Schema(
        applicationID: 0x484f_664c,
        steps: [
            // A rowid table on purpose: with values of some hundred bytes WITHOUT ROWID halves
            // the rate of get and put, because a b-tree of fat keys has few of them on a page.
            """
            CREATE TABLE profiles (
                k BLOB NOT NULL PRIMARY KEY,
                v BLOB NOT NULL
            ) STRICT;
            CREATE TABLE meta (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                changelog_position INTEGER,
                restoring INTEGER NOT NULL DEFAULT 0 CHECK (restoring IN (0, 1)),
                written_at_ms INTEGER
            ) STRICT;
            INSERT INTO meta (id) VALUES (1);
            CREATE TABLE facts (
                name TEXT NOT NULL PRIMARY KEY,
                value BLOB NOT NULL
            ) STRICT;
            """,
            // Filled by `ProfileWriter.fill`: what they hold is in the profiles' bytes.
            """
            ALTER TABLE profiles ADD COLUMN due BLOB;
            ALTER TABLE profiles ADD COLUMN idle INTEGER;
            CREATE INDEX profiles_due ON profiles (due) WHERE due IS NOT NULL;
            CREATE INDEX profiles_idle ON profiles (idle);
            CREATE TABLE addresses (
                k BLOB NOT NULL,
                address TEXT NOT NULL,
                PRIMARY KEY (k, address)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX addresses_sorted ON addresses (address, k);
            CREATE TABLE waiting (
                product TEXT NOT NULL,
                rank BLOB NOT NULL,
                k BLOB NOT NULL,
                PRIMARY KEY (product, rank, k)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX waiting_leads ON waiting (k);
            """,
        ])

    /// The indexes of a lane's file that a bulk restore does without until its end, as its steps
    /// make them.
    ///
    /// Not `waiting_leads`: by it the rows of a lead are found that are to be replaced, for each
    /// profile of the restore once any lead waits.
    static let laneIndexes = (
        removal: """
        DROP INDEX profiles_due;
        DROP INDEX profiles_idle;
        DROP INDEX addresses_sorted;
        """,
        creation: """
        CREATE INDEX profiles_due ON profiles (due) WHERE due IS NOT NULL;
        CREATE INDEX profiles_idle ON profiles (idle);
        CREATE INDEX addresses_sorted ON addresses (address, k);
        """
    )

    /// `reference.sqlite`: the copy of the reference topics ("HOfR").
    package static let reference = Schema(
        applicationID: 0x484f_6652,
        steps: [
            """
            CREATE TABLE accounts (
                domain TEXT NOT NULL PRIMARY KEY,
                name TEXT,
                employees INTEGER,
                annual_revenue REAL,
                industry TEXT,
                country TEXT,
                owner_id TEXT,
                status TEXT
            ) STRICT;
            CREATE TABLE campaigns (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT,
                channel TEXT,
                product TEXT,
                cost REAL
            ) STRICT;
            CREATE TABLE suppressions (
                entry TEXT NOT NULL PRIMARY KEY,
                reason TEXT
            ) STRICT;
            CREATE TABLE positions (
                topic TEXT NOT NULL,
                partition INTEGER NOT NULL,
                next_offset INTEGER NOT NULL,
                PRIMARY KEY (topic, partition)
            ) STRICT;
            """,
            // Found by place, replaced by entry: one row for each entry, that of its last change.
            """
            CREATE TABLE decisive (
                topic TEXT NOT NULL,
                partition INTEGER NOT NULL,
                record_offset INTEGER NOT NULL,
                entry TEXT NOT NULL,
                PRIMARY KEY (topic, partition, record_offset),
                UNIQUE (topic, entry)
            ) STRICT;
            """,
        ])
}

extension Schema {
    /// Brings a file up to this schema, each step in one transaction with its number.
    ///
    /// - Throws: `.schemaTooNew`; `.foreignFile` if the file holds something else.
    func migrate(_ connection: borrowing Connection) throws(StorageError) {
        let found = try version(of: connection)
        for (index, step) in steps.enumerated().dropFirst(found) {
            try connection.transaction(operation: "migrate") { () throws(StorageError) in
                try connection.execute(step, operation: "migrate")
                try connection.execute(
                    "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(index + 1)",
                    operation: "migrate")
            }
        }
    }

    /// Refuses a file that is not of exactly this schema: for readers, which never migrate.
    func verify(_ connection: borrowing Connection) throws(StorageError) {
        guard try version(of: connection) == steps.count else {
            throw StorageError(.foreignFile, operation: "open", file: connection.file)
        }
    }

    private func version(of connection: borrowing Connection) throws(StorageError) -> Int {
        let found = Int(try connection.integer("PRAGMA user_version", operation: "open"))
        let identity = try connection.integer("PRAGMA application_id", operation: "open")
        // Earlier versions wrote the identity before step 1, so a crash between the two left an
        // identity and no tables: still ours.
        var isNew = found == 0 && (identity == 0 || identity == applicationID)
        if isNew {
            let tables = "SELECT count(*) FROM sqlite_schema"
            isNew = try connection.integer(tables, operation: "open") == 0
        }
        guard isNew || identity == applicationID && found > 0 else {
            throw StorageError(.foreignFile, operation: "open", file: connection.file)
        }
        guard found <= steps.count else {
            throw StorageError(
                .schemaTooNew(found: found, supported: steps.count), operation: "open",
                file: connection.file)
        }
        return found
    }
}
