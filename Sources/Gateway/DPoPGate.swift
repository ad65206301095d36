internal import Cryptography
internal import Sessions
internal import Synchronization

/// Every device call passes here: proof, nonce, replay. State is this process's memory (see `DPoPNonces`).
final class DPoPGate: Sendable {
    private let nonces: DPoPNonces
    /// Made once a slot: every call asks for them.
    private let inForce: Mutex<DPoPNonces.InForce>
    private let replays = Mutex(ReplayStore())

    init(randomness: Randomness) throws {
        nonces = try DPoPNonces(from: randomness)
        inForce = Mutex(nonces.inForce(slot: 0))
    }

    func nonce(now: Int) -> String { inForce(now: now).current }

    /// The signature is checked before the nonce and the replay store are asked: junk fills nothing. `network` is where
    /// the call came from.
    func admit(
        _ header: String?, method: String, url: String, accessToken: String? = nil, network: String, now: Int
    ) throws(DPoPError) -> DPoPProof {
        guard let header else { throw .missing }
        let proof = try DPoPProof(verifying: header, method: method, url: url, accessToken: accessToken, now: now)
        guard let nonce = proof.nonce, inForce(now: now).isValid(nonce) else { throw .nonce }
        switch replays.withLock({ $0.insert(proof.replayKey, from: network, now: now) }) {
        case .fresh: return proof
        case .replayed: throw .replayed
        case .full: throw .overloaded
        }
    }

    private func inForce(now: Int) -> DPoPNonces.InForce {
        let slot = DPoPNonces.slot(now: now)
        return inForce.withLock { held in
            if held.slot != slot { held = nonces.inForce(slot: slot) }
            return held
        }
    }
}
