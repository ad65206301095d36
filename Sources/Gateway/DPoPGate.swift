internal import Cryptography
internal import Sessions
internal import Synchronization

/// Every device call passes here: proof, nonce, replay. State is this process's memory (see `DPoPNonces`).
final class DPoPGate: Sendable {
    private let nonces: DPoPNonces
    private let replays = Mutex(ReplayStore())

    init(randomness: Randomness) throws { nonces = try DPoPNonces(from: randomness) }

    func nonce(now: Int) -> String { nonces.current(now: now) }

    /// The signature is checked before the nonce and the replay store are asked: junk fills nothing. `network` is where
    /// the call came from.
    func admit(
        _ header: String?, method: String, url: String, accessToken: String? = nil, network: String, now: Int
    ) throws(DPoPError) -> DPoPProof {
        guard let header else { throw .missing }
        let proof = try DPoPProof(verifying: header, method: method, url: url, accessToken: accessToken, now: now)
        guard let nonce = proof.nonce, nonces.isValid(nonce, now: now) else { throw .nonce }
        switch replays.withLock({ $0.insert(proof.replayKey, from: network, now: now) }) {
        case .fresh: return proof
        case .replayed: throw .replayed
        case .full: throw .overloaded
        }
    }
}
