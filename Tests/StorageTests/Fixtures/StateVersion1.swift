// Files as version 1 of each schema made them. Never changed: what later workers must still open.

/// A lane's file of version 1 with two profiles.
let laneVersion1 = """
    PRAGMA application_id = 1213163084;
    CREATE TABLE profiles (k BLOB NOT NULL PRIMARY KEY, v BLOB NOT NULL) STRICT;
    CREATE TABLE meta (
        id INTEGER PRIMARY KEY CHECK (id = 1), changelog_position INTEGER,
        restoring INTEGER NOT NULL DEFAULT 0 CHECK (restoring IN (0, 1)),
        written_at_ms INTEGER
    ) STRICT;
    CREATE TABLE facts (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT;
    PRAGMA user_version = 1;
    INSERT INTO meta VALUES (1, 4711, 0, 1767225600000);
    INSERT INTO facts VALUES ('clock', x'2a');
    INSERT INTO profiles VALUES (CAST('lead-1' AS BLOB), x'010203');
    INSERT INTO profiles VALUES (CAST('lead-2' AS BLOB), x'');
    """

/// A reference cache of version 1 with a row of each table.
let referenceVersion1 = """
    PRAGMA application_id = 1213163090;
    CREATE TABLE accounts (
        domain TEXT NOT NULL PRIMARY KEY, name TEXT, employees INTEGER, annual_revenue REAL,
        industry TEXT, country TEXT, owner_id TEXT, status TEXT
    ) STRICT;
    CREATE TABLE campaigns (
        id TEXT NOT NULL PRIMARY KEY, name TEXT, channel TEXT, product TEXT, cost REAL
    ) STRICT;
    CREATE TABLE suppressions (entry TEXT NOT NULL PRIMARY KEY, reason TEXT) STRICT;
    CREATE TABLE positions (
        topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
        PRIMARY KEY (topic, partition)
    ) STRICT;
    PRAGMA user_version = 1;
    INSERT INTO accounts VALUES
        ('acme.example', 'Acme', 120, 1500000.0, NULL, 'DE', 'owner-7', 'customer');
    INSERT INTO campaigns VALUES ('c1', 'Spring', 'webinar', 'atlas', 9.5);
    INSERT INTO suppressions VALUES ('bob@example.com', NULL);
    INSERT INTO positions VALUES ('reference.accounts', 1, 17);
    """
