-- The tables of the local state: what a fresh file holds, the sum of all migrations.
-- A test compares each part with the steps in Sources/Storage/SQLite/Schema.swift; change both.
-- The state is a copy: Kafka's changelog and reference topics are the truth, and any of these files
-- may be removed while the worker is stopped. All files: WAL, page_size 4096, secure_delete ON.

-- file: lane-<n>.sqlite, one for each lane (= partition) of the worker
PRAGMA application_id = 1213163084; -- 'HOfL'
PRAGMA user_version = 2;

-- The profile of each lead. A rowid table on purpose: see Schema.swift.
CREATE TABLE profiles (
    k BLOB NOT NULL PRIMARY KEY, -- lead_id, UTF-8
    v BLOB NOT NULL, -- the profile, in the format of its changelog record
    -- Next follow-up alert: due time (ms since 1970 plus 2^63, 8 bytes, big-endian), level, mql_id.
    due BLOB,
    -- Rule of forgetting (0 no lead event, 1 lead, 2 erased, 3 never) * 2^32 + UTC day of last event
    idle INTEGER
) STRICT;
CREATE INDEX profiles_due ON profiles (due) WHERE due IS NOT NULL;
CREATE INDEX profiles_idle ON profiles (idle);

-- By what a lead is found when a suppression or an account changes. The parts of the domain are in
-- reverse order, so that a domain is beside its subdomains: example.acme.mail@pat
CREATE TABLE addresses (
    k BLOB NOT NULL, -- lead_id, UTF-8
    address TEXT NOT NULL, -- e-mail address, or domain of the company
    PRIMARY KEY (k, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX addresses_sorted ON addresses (address, k);

-- The leads that wait for room in a product's daily_capacity, in the order of their release.
CREATE TABLE waiting (
    product TEXT NOT NULL, -- product id
    -- Minus the total score in hundredths, then as_of (ms since 1970); each 8 bytes, big-endian,
    -- plus 2^63.
    rank BLOB NOT NULL,
    k BLOB NOT NULL, -- lead_id, UTF-8
    PRIMARY KEY (product, rank, k)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_leads ON waiting (k);

-- One row: what the profiles reflect. Changed in the transaction that changes them.
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    changelog_position INTEGER, -- offset of the next record to apply, NULL before the first write
    restoring INTEGER NOT NULL DEFAULT 0 CHECK (restoring IN (0, 1)), -- 1: no known moment, wipe
    written_at_ms INTEGER -- when, milliseconds since 1970, by the worker's clock
) STRICT;

-- Named values of the lane, such as its clock.
CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- file: reference.sqlite, one for the worker
PRAGMA application_id = 1213163090; -- 'HOfR'
PRAGMA user_version = 2;

CREATE TABLE accounts (
    domain TEXT NOT NULL PRIMARY KEY, -- normalised
    name TEXT,
    employees INTEGER,
    annual_revenue REAL, -- US dollars
    industry TEXT,
    country TEXT, -- ISO 3166-1 alpha-2, upper case
    owner_id TEXT,
    status TEXT -- prospect, customer, competitor, partner
) STRICT;

CREATE TABLE campaigns (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT,
    channel TEXT,
    product TEXT,
    cost REAL -- US dollars
) STRICT;

CREATE TABLE suppressions (
    entry TEXT NOT NULL PRIMARY KEY, -- e-mail address or domain, normalised
    reason TEXT
) STRICT;

-- Up to where each partition of a reference topic was applied.
CREATE TABLE positions (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL, -- offset of the next record to apply
    PRIMARY KEY (topic, partition)
) STRICT;

-- The last record of each suppression, and of each account whose status changed: what lanes decide
-- leads by again that have no event of their own.
CREATE TABLE decisive (
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    record_offset INTEGER NOT NULL,
    entry TEXT NOT NULL, -- e-mail address or domain, normalised
    PRIMARY KEY (topic, partition, record_offset),
    UNIQUE (topic, entry)
) STRICT;
