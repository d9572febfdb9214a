package import Qualification

/// How a lane treats profiles without an event of their own: the follow-up clock and forgetting
/// (CONTRACT.md 8).
package struct FollowUpSettings: Sendable, Equatable {
    /// What due times are compared with.
    package enum Clock: Sendable {
        /// The machine's clock.
        case wall
        /// The greatest `occurred_at` applied in the lane.
        case stream
    }

    /// The clock of alerts and of forgetting.
    package var clock = Clock.wall
    /// The most alerts of one epoch and lane.
    ///
    /// A backlog of alerts takes several epochs: each is a profile to decode, encode and publish,
    /// and an epoch must stay short. With the wall clock, events go on meanwhile.
    package var alertsPerEpoch = 2_000
    /// `forget_after_days`.
    package var forgetAfterDays = 730
    /// `erasure_memory_days`.
    package var erasureMemoryDays = 400
    /// The most profiles that a lane forgets in one epoch.
    package var forgottenPerEpoch = 500
    /// How often a lane looks for profiles to forget.
    package var forgetInterval = Duration.seconds(60)

    /// The defaults.
    package init() {}

    /// The rules of forgetting under a definition.
    package func retention(_ definition: Definition) -> Retention {
        Retention(
            withoutLeadEventDays: definition.historyDays, forgetAfterDays: forgetAfterDays,
            erasureMemoryDays: erasureMemoryDays)
    }
}
