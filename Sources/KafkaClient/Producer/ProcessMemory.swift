internal import CLibrdkafka

/// How the process asks the system for memory.
package enum ProcessMemory {
    /// Blocks of at least so many bytes go back to the system when they are freed.
    private static let ownMapping: Int32 = 1 << 20
    /// Heaps that threads share; glibc's default is eight for each core.
    private static let heaps: Int32 = 4

    /// Keeps glibc from holding on to what a worker has freed.
    ///
    /// Epochs are flat buffers of megabytes. Left alone, glibc raises its threshold with the first
    /// one that is freed, and takes the later ones from heaps that they leave fragmented. To be
    /// called before the first thread starts.
    package static func prepare() {
        mallopt(M_MMAP_THRESHOLD, ownMapping)
        mallopt(M_ARENA_MAX, heaps)
    }
}
