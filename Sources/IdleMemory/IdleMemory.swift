internal import CIdleMemory

/// Memory of this process that nobody needs at the moment.
package enum IdleMemory {
    /// Keeps one heap for all threads, for a program that has few of them: each would get one of its own, and what is free in
    /// one serves no other. What is large is given back as soon as it is freed. To be called before any thread is made.
    package static func useOneHeap() { ztna_use_one_heap() }

    /// Gives back code and constants that only the start or something rare needed, and free pages of the heap. The former are
    /// three quarters of what a small daemon holds otherwise, and nearly half of a server with 10,000 sessions: the loader's
    /// tables, the program's own start, and libraries that come along. Costs a millisecond or two of page faults later.
    package static func release() { ztna_release_idle_memory() }

    /// Releases at once, then each minute, until `sleep` is cancelled: most of what was done since is not done again soon.
    package static func keepReleasing(sleep: @Sendable (Duration) async throws -> Void) async {
        repeat { release() } while (try? await sleep(.seconds(60))) != nil
    }
}
