/// A measure that `/metrics` shows; a row of schemas/metrics.md.
package struct Metric: Sendable, Hashable {
    /// How its samples are to be read.
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    /// By the conventions of Prometheus: unit last, `_total` for counters.
    package let name: String
    /// How its samples are to be read.
    package let kind: Kind
    /// The names of its labels, each with few values; never anything about a person.
    package let labels: [String]
    /// One sentence.
    package let help: String

    private init(_ name: String, _ kind: Kind, _ labels: [String], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }
}

// The catalogue: what each says is in its help, the fourth argument.
extension Metric {
    /// Records taken from an input and committed, good or bad.
    package static let records = Metric(
        "handoff_records_total", .counter, ["lane", "source"],
        "Records taken from an input and committed, good or bad.")
    /// Events that are in a profile.
    package static let eventsApplied = Metric(
        "handoff_events_applied_total", .counter, [],
        "Events that are in a profile.")
    /// Events that changed no score: repeat, too_late, over_limit, erased.
    package static let eventsDropped = Metric(
        "handoff_events_dropped_total", .counter, ["reason"],
        "Events that changed no score: repeat, too_late, over_limit, erased.")
    /// Records written to the dead letters, by the code in their header.
    package static let deadLetters = Metric(
        "handoff_dead_letters_total", .counter, ["reason"],
        "Records written to the dead letters, by the code in their header.")
    /// Messages published, by CloudEvents type.
    package static let messages = Metric(
        "handoff_messages_total", .counter, ["type", "product"],
        "Messages published, by CloudEvents type.")
    /// Changes of a lead's status for a product, by the new status.
    package static let statusChanges = Metric(
        "handoff_status_changes_total", .counter, ["product", "status"],
        "Changes of a lead's status for a product, by the new status.")
    /// Answers of sales that were taken in.
    package static let dispositions = Metric(
        "handoff_dispositions_total", .counter, ["product", "answer"],
        "Answers of sales that were taken in.")
    /// From qualified_at to the first contact with the lead, by the time that sales says.
    package static let speedToLead = Metric(
        "handoff_speed_to_lead_seconds", .histogram, ["product"],
        "From qualified_at to the first contact with the lead, by the time that sales says.")
    /// From qualified_at to the first answer of sales of any kind.
    package static let timeToAnswer = Metric(
        "handoff_time_to_answer_seconds", .histogram, ["product"],
        "From qualified_at to the first answer of sales of any kind.")
    /// Profiles forgotten because they were idle for too long.
    package static let profilesForgotten = Metric(
        "handoff_profiles_forgotten_total", .counter, [],
        "Profiles forgotten because they were idle for too long.")
    /// Profiles decoded because they were not at hand in memory.
    package static let profileLoads = Metric(
        "handoff_profile_loads_total", .counter, [],
        "Profiles decoded because they were not at hand in memory.")
    /// Age by Kafka timestamp, at the commit, of the oldest record of each lane's part of an epoch.
    package static let recordAge = Metric(
        "handoff_record_age_seconds", .histogram, [],
        "Age by Kafka timestamp, at the commit, of the oldest record of each lane's part "
            + "of an epoch.")
    /// How long the commit of an epoch took, from the first cut to the broker's answer.
    package static let epochDuration = Metric(
        "handoff_epoch_duration_seconds", .histogram, [],
        "How long the commit of an epoch took, from the first cut to the broker's answer.")
    /// Transactions that failed.
    package static let commitFailures = Metric(
        "handoff_commit_failures_total", .counter, [],
        "Transactions that failed.")
    /// Times that all lanes began again at the last commit.
    package static let rewinds = Metric(
        "handoff_rewinds_total", .counter, [],
        "Times that all lanes began again at the last commit.")
    /// Times that the group took partitions away.
    package static let revocations = Metric(
        "handoff_revocations_total", .counter, [],
        "Times that the group took partitions away.")
    /// Records of the owned inputs that are not taken yet, over all lanes; absent until every
    /// lane knows.
    package static let lag = Metric(
        "handoff_lag_records", .gauge, [],
        "Records of the owned inputs that are not taken yet, over all lanes; absent until"
            + " every lane knows.")
    /// Since the reference topics were last read to their ends; absent until they first were.
    package static let referenceAge = Metric(
        "handoff_reference_age_seconds", .gauge, [],
        "Since the reference topics were last read to their ends; absent until they first were.")
    /// Lanes that this worker owns.
    package static let lanes = Metric(
        "handoff_lanes", .gauge, [],
        "Lanes that this worker owns.")
    /// Records of the lane's inputs that are not taken yet, by what the broker last said.
    package static let laneLag = Metric(
        "handoff_lane_lag_records", .gauge, ["lane"],
        "Records of the lane's inputs that are not taken yet, by what the broker last said.")
    /// 1 for the state that the lane is in, 0 for the other.
    package static let laneState = Metric(
        "handoff_lane_state", .gauge, ["lane", "state"],
        "1 for the state that the lane is in, 0 for the other.")
    /// Since the lane's part of an epoch was last committed; grows while there is nothing to
    /// commit.
    package static let laneCommitAge = Metric(
        "handoff_lane_commit_age_seconds", .gauge, ["lane"],
        "Since the lane's part of an epoch was last committed; grows while there is "
            + "nothing to commit.")
    /// Records of the changelog that the lane's last restore has read.
    package static let restoreRecords = Metric(
        "handoff_restore_records", .gauge, ["lane"],
        "Records of the changelog that the lane's last restore has read.")
    /// Records of the changelog that the lane's last restore had to read.
    package static let restoreSize = Metric(
        "handoff_restore_size_records", .gauge, ["lane"],
        "Records of the changelog that the lane's last restore had to read.")
    /// From the opening of the lane until it took records, or until now.
    package static let restoreDuration = Metric(
        "handoff_restore_duration_seconds", .gauge, ["lane"],
        "From the opening of the lane until it took records, or until now.")
    /// Records of changelogs read by restores that have ended.
    package static let restoredRecords = Metric(
        "handoff_restored_records_total", .counter, [],
        "Records of changelogs read by restores that have ended.")
    /// About how much memory the lane's profiles occupy.
    package static let hotProfileBytes = Metric(
        "handoff_hot_profile_bytes", .gauge, ["lane"],
        "About how much memory the lane's profiles occupy.")
    /// Committed profiles that are not on the disk yet.
    package static let unflushedBytes = Metric(
        "handoff_flush_waiting_bytes", .gauge, ["lane"],
        "Committed profiles that are not on the disk yet.")
    /// Committed profiles written to the disk.
    package static let flushedProfiles = Metric(
        "handoff_flush_profiles_total", .counter, [],
        "Committed profiles written to the disk.")
    /// Writes to the disk that failed and are tried again.
    package static let flushFailures = Metric(
        "handoff_flush_failures_total", .counter, [],
        "Writes to the disk that failed and are tried again.")
    /// How long writing a lane's committed profiles to the disk took.
    package static let flushDuration = Metric(
        "handoff_flush_duration_seconds", .histogram, [],
        "How long writing a lane's committed profiles to the disk took.")
    /// Since the worker's loop last turned.
    package static let loopAge = Metric(
        "handoff_loop_age_seconds", .gauge, [],
        "Since the worker's loop last turned.")
    /// 1 if /live answers 200, else 0.
    package static let live = Metric(
        "handoff_live", .gauge, [],
        "1 if /live answers 200, else 0.")
    /// 1 if /ready answers 200, else 0.
    package static let ready = Metric(
        "handoff_ready", .gauge, [],
        "1 if /ready answers 200, else 0.")
    /// Always 1; says which program runs.
    package static let buildInfo = Metric(
        "handoff_build_info", .gauge, ["version"],
        "Always 1; says which program runs.")
    /// Always 1; says which definition is in force.
    package static let definitionInfo = Metric(
        "handoff_definition_info", .gauge, ["name", "version", "sha256"],
        "Always 1; says which definition is in force.")
    /// Attempts to replace the definition, by how they ended: applied, unchanged, failed.
    package static let definitionReloads = Metric(
        "handoff_definition_reloads_total", .counter, ["result"],
        "Attempts to replace the definition, by how they ended: applied, unchanged, failed.")
    /// When the process started, in seconds since 1970.
    package static let processStart = Metric(
        "process_start_time_seconds", .gauge, [],
        "When the process started, in seconds since 1970.")
    /// User and system time of the process.
    package static let processCPU = Metric(
        "process_cpu_seconds_total", .counter, [],
        "User and system time of the process.")
    /// Memory of the process that is in RAM.
    package static let processMemory = Metric(
        "process_resident_memory_bytes", .gauge, [],
        "Memory of the process that is in RAM.")
    /// Open file descriptors.
    package static let processFiles = Metric(
        "process_open_fds", .gauge, [],
        "Open file descriptors.")
    /// The most file descriptors that may be open.
    package static let processMaxFiles = Metric(
        "process_max_fds", .gauge, [],
        "The most file descriptors that may be open.")

    /// All of them, in the order of the documentation.
    package static let all: [Metric] = [
        .records, .eventsApplied, .eventsDropped, .deadLetters, .messages, .statusChanges,
        .dispositions, .speedToLead, .timeToAnswer, .profilesForgotten, .profileLoads,
        .recordAge, .epochDuration, .commitFailures, .rewinds, .revocations, .lag,
        .referenceAge, .lanes, .laneLag, .laneState, .laneCommitAge, .restoreRecords, .restoreSize,
        .restoreDuration, .restoredRecords, .hotProfileBytes, .unflushedBytes,
        .flushedProfiles, .flushFailures, .flushDuration, .loopAge, .live, .ready,
        .buildInfo, .definitionInfo, .definitionReloads, .processStart, .processCPU,
        .processMemory, .processFiles, .processMaxFiles,
    ]
}
