import Qualification

extension Worker {
    /// Goes on with another definition, which is what a stop and a start with it would come to.
    ///
    /// The epoch of the old one is committed and flushed, its lanes end, and a rewind opens lanes
    /// of the new one from changelog and offsets: nothing of what the old lanes held, least of all
    /// what they had worked out by the old rules, is there to be forgotten. A commit that fails
    /// changes nothing about that, as after a crash.
    func enforce(_ definition: Definition) async {
        if isStopping { return }
        // Lanes that were answered for are somebody else's by now.
        if !lanes.isEmpty, !events.isOverdue { await commitLast() }
        await closeLanes(Set(lanes.keys))
        let outputs = settings.topics.outputs(definition)
        if outputs != environment.outputs {
            kafka.use(topics: outputs)
            producer = .unready
        }
        environment.definition = definition
        environment.outputs = outputs
        news(.enforced(definition))
        // Without an assignment the next one opens the lanes; or a rewind is due already.
        if hasAssignment { mustRewind = true }
    }
}
