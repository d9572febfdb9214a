/// One partition of one topic.
package struct TopicPartition: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name of the topic.
    package var topic: String
    /// The number of the partition, from 0.
    package var partition: Int32

    /// Names a partition; nothing is looked up.
    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// `topic[partition]`, as in Kafka's own messages.
    package var description: String { "\(topic)[\(partition)]" }

    /// Orders by topic, then by partition number.
    package static func < (left: TopicPartition, right: TopicPartition) -> Bool {
        left.topic == right.topic ? left.partition < right.partition : left.topic < right.topic
    }
}
