internal import Cryptography

/// The refresh token of one session: it rotates at each use, and an old one used again ends the session.
///
/// A device whose answer was lost on the way repeats its request with the same attempt id and gets the same successor
/// again; without that id, or later than a minute, an old token is a copy. Hashes are SHA-256 of the tokens.
/// Source: RFC 9700 §4.14.2; DESIGN §5.
package struct RefreshState: Hashable, Sendable {
    package static let retrySeconds = 60

    package var currentHash: [UInt8]
    package var generation: Int
    package var previousHash: [UInt8]?
    package var attemptHash: [UInt8]?
    package var rotatedAt: Int

    package init(
        currentHash: [UInt8], generation: Int, previousHash: [UInt8]?, attemptHash: [UInt8]?, rotatedAt: Int
    ) {
        self.currentHash = currentHash
        self.generation = generation
        self.previousHash = previousHash
        self.attemptHash = attemptHash
        self.rotatedAt = rotatedAt
    }

    package enum Use: Hashable, Sendable {
        /// The token was current: hand out the token of this generation.
        case rotate(to: Int)
        /// The same request again: hand out the same token of this generation again.
        case repeated(Int)
        /// A token from before: end the session.
        case reused
    }

    package func use(tokenHash: [UInt8], attemptHash: [UInt8]?, now: Int) -> Use {
        if constantTimeEqual(tokenHash, currentHash) { return .rotate(to: generation + 1) }
        if let previousHash, constantTimeEqual(tokenHash, previousHash), let attemptHash, let known = self.attemptHash,
            constantTimeEqual(attemptHash, known), now - rotatedAt < Self.retrySeconds
        {
            return .repeated(generation)
        }
        return .reused
    }

    package mutating func rotate(toHash hash: [UInt8], attemptHash: [UInt8]?, now: Int) {
        previousHash = currentHash
        self.attemptHash = attemptHash
        currentHash = hash
        generation += 1
        rotatedAt = now
    }
}
