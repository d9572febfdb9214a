internal import CLibrdkafka

/// What a consumer is in its group at one moment; fences transactional offsets (KIP-447).
// Unchecked: the C value never changes after init; librdkafka only reads it.
@safe package final class GroupMetadata: @unchecked Sendable {
    let raw: OpaquePointer

    /// Takes over the C value.
    init(taking raw: OpaquePointer) { unsafe self.raw = unsafe raw }

    /// Puts one together, for fakes and for writing offsets on behalf of a group without members.
    package init?(
        groupID: String, generation: Int32 = -1, memberID: String = "", instanceID: String? = nil
    ) {
        guard
            let raw = unsafe rd_kafka_consumer_group_metadata_new_with_genid(
                groupID, generation, memberID, instanceID)
        else { return nil }
        unsafe self.raw = unsafe raw
    }

    deinit { unsafe rd_kafka_consumer_group_metadata_destroy(raw) }

    /// The generation of the group, or -1 when not a member.
    ///
    /// 2.0.2 has no accessor, so it is read from the serialised form: "CGMDv2:", then the
    /// generation in the byte order of the machine (rdkafka_cgrp.c:5526).
    package var generation: Int32 {
        var buffer: UnsafeMutableRawPointer?
        var size = 0
        if let error = unsafe rd_kafka_consumer_group_metadata_write(raw, &buffer, &size) {
            unsafe rd_kafka_error_destroy(error)
            return -1
        }
        guard let buffer = unsafe buffer else { return -1 }
        defer { unsafe rd_kafka_mem_free(nil, buffer) }
        guard size >= 11 else { return -1 }
        return unsafe buffer.loadUnaligned(fromByteOffset: 7, as: Int32.self)
    }
}
