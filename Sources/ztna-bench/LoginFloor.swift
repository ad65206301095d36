import Cryptography

/// What a sign-in cannot do without, each by itself with nothing around it: CPU seconds of one operation.
struct LoginFloor {
    let rsaVerification: Double
    let signature: Double
    let verification: Double
    let transactions: BareTransactions

    init(file: String) async throws {
        let message = Randomness.system.bytes(700)
        let rsa = try RSAPrivateKey()
        let rsaPublic = try RSAPublicKey(modulus: rsa.modulus, exponent: rsa.exponent)
        let rsaSignature = try rsa.signature(for: message)
        rsaVerification = try Self.each(2000) {
            guard rsaPublic.isValidSignature(rsaSignature, for: message, algorithm: .pkcs1(.sha256)) else {
                throw BenchError.failed("RSA verification")
            }
        }
        let key = try Ed25519PrivateKey(from: .system)
        let short = Array(message.prefix(400))
        signature = try Self.each(5000) { _ = try key.signature(for: short) }
        verification = try Self.verificationSeconds()
        transactions = try await BareTransactions(file: file)
    }

    static func verificationSeconds() throws -> Double {
        let key = try Ed25519PrivateKey(from: .system)
        let message = Randomness.system.bytes(400)
        let signature = try key.signature(for: message)
        return try each(5000) {
            guard key.publicKey.isValidSignature(signature, for: message) else { throw BenchError.failed("Ed25519") }
        }
    }

    /// Each write a transaction of its own; or, `sharing`, with as many commits as the run needed. `database` is its part.
    func seconds(of run: LoginRun, sharing: Bool = false) throws -> (all: Double, database: Double) {
        let database = try transactions.secondsOfSignIn(
            transactionsInCommit: sharing ? max(1, run.writes / run.commits) : 1)
        let signing = run.signatures * signature + run.verifications * verification
        return (rsaVerification + signing + database, database)
    }

    private static func each(_ count: Int, _ work: () throws -> Void) rethrows -> Double {
        for _ in 0..<count / 10 { try work() }
        let start = Clocks.process
        for _ in 0..<count { try work() }
        return (Clocks.process - start) / Double(count)
    }
}
