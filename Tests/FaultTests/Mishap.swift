import ReferenceModel

/// What befalls a worker, its files, its connections or the broker.
enum Mishap: String, CaseIterable {
    /// Killed, and started again at once.
    case kill
    /// Killed, and its disk lost.
    case loss
    /// Killed, and bytes of a lane's file overwritten.
    case damage
    /// Killed, and the end of a lane's write-ahead log missing.
    case truncation
    /// Stopped for longer than its session, then continued.
    case oversleep
    /// Stopped for a moment.
    case nap
    /// The broker answers nobody for a while.
    case silence
    /// All connections are cut.
    case cut
    /// Every piece of every request and answer is late.
    case slowness
    /// Nothing passes for a while; then everything goes on.
    case standstill
    /// Nothing passes for a while; then the connections are gone.
    case halfOpen
    /// The broker acts, and its answers are lost with the connections.
    case lostAnswers
    /// Killed and started again, and for a while records arrive with wrong bytes.
    case garbling
    /// Another worker joins, works, and leaves.
    case visit
    /// Another worker joins and leaves at once, again and again.
    ///
    /// Not before it has been told its lanes: the development broker waits for minutes for a member
    /// that is gone by then. The simulated Kafka does not, and has such guests.
    case storm
    /// A second worker with the same name, and so with the same transactional id, takes over.
    case twin
    /// Rows of reference data come and go, of people and companies that no lead is of.
    case rows

    /// What may befall one of so many workers.
    ///
    /// The development broker accepts what a member sends that the group has given up, so nobody is
    /// to oversleep while others have its lanes; the simulated Kafka judges that.
    static func possible(among workers: Int) -> [Mishap] {
        allCases.filter { workers == 1 || $0 != .oversleep }
    }

    /// What a worker lives through.
    static let harmless: [Mishap] = [
        .nap, .silence, .cut, .slowness, .standstill, .halfOpen, .lostAnswers, .rows,
    ]

    /// What a short run makes happen to one, two and three workers, so that each kind comes.
    static let short: [[Mishap]] = [
        [.kill, .loss, .damage, .oversleep, .halfOpen, .truncation, .twin, .garbling],
        [.truncation, .silence, .cut, .lostAnswers, .nap, .loss, .storm],
        [.kill, .visit, .slowness, .standstill, .lostAnswers, .damage, .rows],
    ]

    /// Some of them, in an order drawn from the seed.
    static func shuffled(_ mishaps: [Mishap], _ random: inout SplitMix64) -> [Mishap] {
        var left = mishaps
        var sequence: [Mishap] = []
        while !left.isEmpty {
            sequence.append(left.remove(at: random.number(0...left.count - 1)))
        }
        return sequence
    }
}
