package import KafkaClient
import ReferenceModel

/// What the coordinator knows of one transactional id.
struct TransactionalProducerState {
    var epoch = -1
    var current: SimulatedTransaction?
}

/// A transaction on the broker, from its first record to its last marker.
///
///     ongoing -> prepared (commit or abort) -> complete
// Unchecked: used on the scheduler's thread only.
final class SimulatedTransaction: @unchecked Sendable {
    enum State { case ongoing, prepared, complete }

    let number: Int
    var state = State.ongoing
    var partitions: Set<TopicPartition> = []
    var hasOffsets = false
    var markersLeft = 0

    init(number: Int) { self.number = number }
}

extension SimulatedCluster {
    /// Takes an id over: ends what its holder left open and fences the holder.
    ///
    /// - Returns: the new epoch, nil while an earlier transaction is being ended.
    package func initialise(_ id: String) -> Int? {
        var producer = producers[id] ?? TransactionalProducerState()
        if let current = producer.current, current.state == .ongoing {
            producer.epoch += 1
            producers[id] = producer
            settle(current, of: id, isCommitted: false)
            return nil
        }
        if producer.current != nil { return nil }
        producer.epoch += 1
        producers[id] = producer
        return producer.epoch
    }

    /// Appends a record within the transaction of a producer, which it opens if there is none.
    package func append(
        _ record: StoredRecord, to partition: TopicPartition, by id: String, epoch: Int
    ) -> BrokerAnswer {
        let (answer, found) = transaction(of: id, epoch: epoch)
        guard let found else { return answer }
        found.partitions.insert(partition)
        logs[partition]?.append(
            record, partition: partition.partition, transaction: found.number)
        return .done
    }

    /// Adds consumed offsets to the transaction, in the name of a member of the group.
    package func add(
        offsets: [TopicPartition: Int64], by id: String, epoch: Int, member: GroupIdentity
    ) -> BrokerAnswer {
        let (answer, found) = transaction(of: id, epoch: epoch)
        guard let found else { return answer }
        found.hasOffsets = true
        guard group.accepts(member) else { return .staleMember }
        group.hold(offsets, of: found.number)
        return .done
    }

    /// Ends the transaction of a producer.
    ///
    /// Done as soon as the decision is written; the markers follow.
    package func end(_ id: String, epoch: Int, isCommitted: Bool) -> BrokerAnswer {
        guard let producer = producers[id], producer.epoch == epoch else { return .fenced }
        guard let current = producer.current, current.state == .ongoing else {
            return .invalidState
        }
        settle(current, of: id, isCommitted: isCommitted)
        return .done
    }

    /// What a second process with the same id does by starting: the holder's epoch is over.
    package func fence(_ id: String) {
        guard let producer = producers[id] else { return }
        producers[id]?.epoch += 1
        if let current = producer.current, current.state == .ongoing {
            settle(current, of: id, isCommitted: false)
        }
    }

    /// The ids whose last transaction is not complete.
    package var openTransactions: [String] {
        producers.filter { $0.value.current != nil }.keys.sorted()
    }

    private func transaction(of id: String, epoch: Int) -> (BrokerAnswer, SimulatedTransaction?) {
        guard let producer = producers[id], producer.epoch == epoch else { return (.fenced, nil) }
        if let current = producer.current {
            return current.state == .ongoing ? (.done, current) : (.wait, nil)
        }
        transactionsBegun += 1
        let fresh = SimulatedTransaction(number: transactionsBegun)
        producers[id]?.current = fresh
        scheduler.after(settings.transactionTimeout) { [weak self, weak fresh] in
            guard let self, let fresh, fresh.state == .ongoing else { return }
            // The coordinator fences the producer as well, since it cannot know what it thinks.
            producers[id]?.epoch += 1
            settle(fresh, of: id, isCommitted: false)
        }
        return (.done, fresh)
    }

    /// Writes the decision; markers reach the partitions one by one, the offsets among them.
    private func settle(
        _ transaction: SimulatedTransaction, of id: String, isCommitted: Bool
    ) {
        transaction.state = .prepared
        transaction.markersLeft = transaction.partitions.count + (transaction.hasOffsets ? 1 : 0)
        if transaction.markersLeft == 0 { return complete(transaction, of: id) }
        for partition in transaction.partitions.sorted() {
            if isCommitted { logs[partition]?.decide(transaction.number) }
            scheduler.after(markerDelay()) { [weak self] in
                guard let self else { return }
                logs[partition]?.settle(transaction.number, isCommitted: isCommitted)
                wake(partition)
                placed(transaction, id)
            }
        }
        if transaction.hasOffsets {
            scheduler.after(markerDelay()) { [weak self] in
                guard let self else { return }
                violations += group.settle(transaction.number, isCommitted: isCommitted)
                placed(transaction, id)
            }
        }
    }

    private func placed(_ transaction: SimulatedTransaction, _ id: String) {
        transaction.markersLeft -= 1
        if transaction.markersLeft == 0 { complete(transaction, of: id) }
    }

    private func complete(_ transaction: SimulatedTransaction, of id: String) {
        transaction.state = .complete
        if producers[id]?.current === transaction { producers[id]?.current = nil }
    }

    private func markerDelay() -> Duration {
        .microseconds(
            scheduler.draw { $0.chance(3) ? $0.number(0...2_500_000) : $0.number(0...8_000) })
    }
}
