import Cryptography
import Identity
import Sessions
import Store
import Synchronization

/// A store that counts what is asked of it.
final class CountingStore: Store {
    private let store: any Store
    private let counts = Mutex((writes: 0, reads: 0))

    var writes: Int { counts.withLock { $0.writes } }
    var reads: Int { counts.withLock { $0.reads } }

    init(_ store: any Store) { self.store = store }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        counts.withLock { $0.writes += 1 }
        return try await store.write(body)
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (any StoreReader) throws -> Value) async throws -> Value {
        counts.withLock { $0.reads += 1 }
        return try await store.read(body)
    }

    func deviceAuthorization(_ id: RecordID) async throws -> DeviceAuthorization? {
        try await store.deviceAuthorization(id)
    }

    func recentChanges(after sequence: Int) -> [RecentChanges.Change]? { store.recentChanges(after: sequence) }

    func changeSignals() async -> AsyncStream<Void> { await store.changeSignals() }

    func close() async { await store.close() }
}

/// A control key that counts its signatures.
final class CountingSigner: Signer {
    private let key: Ed25519PrivateKey
    private let count = Atomic(0)

    var publicKey: Ed25519PublicKey { key.publicKey }
    var signatures: Int { count.load(ordering: .relaxed) }

    init(_ key: Ed25519PrivateKey) { self.key = key }

    func signature(for message: [UInt8]) throws -> [UInt8] {
        count.add(1, ordering: .relaxed)
        return try key.signature(for: message)
    }
}
