internal import Glibc
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import NIOSSL
internal import ServiceLifecycle
internal import Synchronization

/// The gateway on a TCP port: plain on loopback, else TLS 1.2 or 1.3. A service: stops gracefully, ending all streams.
///
/// A connection that is silent before its request is complete, or after its answer, is closed: else a handful of clients
/// could hold every descriptor. An answer under way, such as the netmap stream, may take as long as it takes.
package struct GatewayServer: Service {
    /// Nothing can listen there.
    package struct ListenFailure: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let application: any Service
    private let address: String

    /// `onRunning` is told the port, which the system chooses when 0 was asked for.
    package init(
        gateway: Gateway, host: String, port: Int, certificates: TLSCertificates?, silence: Duration = .seconds(30),
        logger: Logger, onRunning: @escaping @Sendable (_ port: Int) async -> Void
    ) throws {
        address = "\(host):\(port)"
        let configuration = ApplicationConfiguration(
            address: .hostname(host, port: port), serverName: "ztna", backlog: 1024)
        let plain = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(
                idleTimeout: TimeAmount(silence),
                httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                    maxHeaderFieldSize: RequestSizes.target, maxHeaderListSize: RequestSizes.target + 32 * 1024,
                    maxHeaderFieldCount: 100)))
        let server =
            if let certificates {
                try HTTPServerBuilder.tls(plain, tlsConfiguration: certificates.configuration())
            } else { plain }
        application = Application(
            router: gateway.router(), server: server, configuration: configuration,
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) }, logger: logger)
    }

    package func run() async throws {
        do { try await application.run() } catch let error as IOError
            where [EADDRINUSE, EADDRNOTAVAIL, EACCES].contains(error.errnoCode)
        {
            throw ListenFailure(
                description:
                    "cannot listen on \(address) (`server.listen`): \(String(cString: strerror(error.errnoCode))); "
                    + "`ss -ltnp` says who listens there")
        }
    }
}

/// The server's certificate and key, read again on request; connections under way keep theirs.
package final class TLSCertificates: Sendable {
    package struct Failure: Error, Hashable, Sendable {
        package let explanation: String
    }

    private struct Pair: Sendable {
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
    }

    private let certificatePath: String
    private let keyPath: String
    private let current: Mutex<Pair>

    package init(certificatePath: String, keyPath: String) throws(Failure) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        current = Mutex(try Self.read(certificatePath, keyPath))
    }

    /// Takes the files' new contents for new connections; when they are bad, the old ones stay.
    package func reload() throws(Failure) {
        let pair = try Self.read(certificatePath, keyPath)
        current.withLock { $0 = pair }
    }

    private static func read(_ certificatePath: String, _ keyPath: String) throws(Failure) -> Pair {
        let pair: Pair
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificatePath)
            guard !chain.isEmpty else { throw Failure(explanation: "\(certificatePath) holds no certificate") }
            let key = try NIOSSLPrivateKey(file: keyPath, format: .pem)
            pair = Pair(chain: chain.map { .certificate($0) }, key: .privateKey(key))
            // Making a context checks that key and certificate belong together.
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: pair.chain, privateKey: pair.key))
        } catch let failure as Failure { throw failure } catch {
            throw Failure(explanation: "TLS certificate \(certificatePath) or key \(keyPath) cannot be used: \(error)")
        }
        return pair
    }

    func configuration() -> TLSConfiguration {
        let pair = current.withLock { $0 }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain, privateKey: pair.key)
        configuration.minimumTLSVersion = .tlsv12
        // A client that keeps an idle connection reads our close_notify late or never: our own stop does not wait for it.
        configuration.shutdownTimeout = .milliseconds(500)
        configuration.sslContextCallback = { [self] _, promise in
            let pair = current.withLock { $0 }
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = pair.chain
            override.privateKey = pair.key
            promise.succeed(override)
        }
        return configuration
    }
}
