internal import CIdleMemory

/// Memory of this process that nobody needs at the moment.
package enum IdleMemory {
    /// Gives back code and constants that only the start or something rare needed, and free pages of the heap. The former are
    /// three quarters of what a small daemon holds otherwise, and nearly half of a server with 10,000 sessions: the loader's
    /// tables, the program's own start, and libraries that come along. Costs a millisecond or two of page faults later.
    package static func release() { ztna_release_idle_memory() }

    /// Releases at once, then each minute, until `sleep` is cancelled: most of what was done since is not done again soon.
    package static func keepReleasing(sleep: @Sendable (Duration) async throws -> Void) async {
        repeat { release() } while (try? await sleep(.seconds(60))) != nil
    }
}
