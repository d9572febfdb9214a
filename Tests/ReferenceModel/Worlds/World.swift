/// What a generated world may contain.
package struct WorldOptions: Sendable {
    /// How many records are generated, reference rows in mid-stream among them.
    package var records = 400
    /// How many leads share them.
    package var leads = 4
    /// Answers of sales.
    package var dispositions = true
    /// `lead.erased` events.
    package var erasure = true
    /// `sla_clock: stream`, so that follow-up alerts fire.
    package var timers = true
    /// Records of every dead-letter code, and wrong optional fields.
    package var faults = true
    /// Rows of the reference topics between the events; a real lane reads those at its own pace.
    package var referenceChanges = true
    /// New versions of the definition between the records.
    package var definitionChanges = false
    /// New versions may lack a product that has MQLs; the contract says little about those.
    package var productRemoval = false
    /// Products with a `daily_capacity`, whose leads may have to wait.
    package var capacities = true
    /// Random changes to the definition a world starts with.
    package var mutatedDefinition = true

    /// Everything but changes of the definition.
    package init() {}
}

/// A new version of the definition, in force from a record on.
package struct DefinitionChange: Sendable, Equatable {
    /// The index in `World.records` of the first record that meets it.
    package let beforeRecord: Int
    /// The whole new definition; JSON text, which is YAML.
    package let yaml: String
    /// What the outputs are to show as the hash of the file.
    package let sha256: String
}

/// One lane's input for property tests.
///
/// Kafka timestamps grow with every record, so that a lane that merges the topics by time takes
/// the records in this order.
package struct World: Sendable {
    /// The seed it was made from.
    package let seed: UInt64
    /// The definition; JSON text, which is YAML.
    package let definitionYAML: String
    /// What the outputs are to show as the hash of the file.
    package let definitionSHA256: String
    /// The worker's settings.
    package let settings: ModelSettings
    /// Rows that are there before the first record.
    package let referenceRecords: [ModelRecord]
    /// The records of the lane.
    package let records: [ModelRecord]
    /// Later versions of the definition, in order.
    package let definitionChanges: [DefinitionChange]

    /// A model that knows the reference rows and has taken no record yet.
    package func makeModel() throws -> ReferenceModel {
        let model = try ReferenceModel(
            definitionYAML: definitionYAML, definitionSHA256: definitionSHA256,
            settings: settings)
        model.loadReference(referenceRecords)
        return model
    }

    /// What the model makes of the whole world: the outputs in order, and the counters.
    package func expectation() throws -> (outputs: [ModelOutput], drops: [String: Int]) {
        let model = try makeModel()
        var changes = definitionChanges[...]
        var outputs: [ModelOutput] = []
        for (index, record) in records.enumerated() {
            while let change = changes.first, change.beforeRecord == index {
                try model.replaceDefinition(yaml: change.yaml, sha256: change.sha256)
                changes = changes.dropFirst()
            }
            outputs += model.take(record)
        }
        return (outputs, model.drops)
    }
}
