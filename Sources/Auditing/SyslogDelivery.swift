internal import Audit
internal import Cryptography
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// Sends each record as one syslog message over TLS, over one connection that stays open. Source: RFC 5425.
///
/// Syslog confirms nothing. So when a connection turns out to have ended, the batch that was last written to it is sent once
/// more over the next one: records may arrive twice, and only what a collector loses after reading it is lost.
package actor SyslogDelivery: AuditDelivery {
    package static let defaultPort = 6514
    private static let connectTimeout = TimeAmount.seconds(10)
    private static let writeTimeout = TimeAmount.seconds(30)

    private let host: String
    private let port: Int
    private let caFile: String?
    private let server: String
    private var channel: (any Channel)?
    /// The frames of the batch that was last written.
    private var unconfirmed: [UInt8] = []

    /// `caFile`: PEM roots in place of the system's. `server`: our host name.
    package init(host: String, port: Int, caFile: String?, server: String) {
        self.host = host
        self.port = port
        self.caFile = caFile
        self.server = server
    }

    package func deliver(_ batch: [ExportedRecord]) async throws(DeliveryFailure) {
        let frames = batch.flatMap { exported in
            SyslogMessage.framed(
                SyslogMessage.bytes(exported.record, exported.event, body: exported.json, host: server))
        }
        do {
            if channel?.isActive != true {
                let channel = try await connect()
                self.channel = channel
                if !unconfirmed.isEmpty { try await Self.write(unconfirmed, to: channel) }
            }
            guard let channel else { return }
            try await Self.write(frames, to: channel)
            unconfirmed = frames
        } catch {
            channel?.close(promise: nil)
            channel = nil
            throw DeliveryFailure("\(host):\(port): \(Self.explanation(of: error))")
        }
    }

    /// Says that nothing more comes, so that the collector does not take the end for an attack.
    package func close() async {
        try? await channel?.close().get()
        channel = nil
    }

    private func connect() async throws -> any Channel {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let caFile { configuration.trustRoots = .file(caFile) }
        let context = try NIOSSLContext(configuration: configuration)
        let host = host
        let name = (try? SocketAddress(ipAddress: host, port: port)) == nil ? host : nil
        let group = MultiThreadedEventLoopGroup.singleton
        let handshake = group.any().makePromise(of: Void.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: group)
                .connectTimeout(Self.connectTimeout)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(
                            NIOSSLClientHandler(context: context, serverHostname: name), Silence(handshake))
                    }
                }
                .connect(host: host, port: port).get()
        } catch {
            handshake.fail(error)
            throw error
        }
        let deadline = channel.eventLoop.scheduleTask(in: Self.connectTimeout) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        try await handshake.futureResult.get()
        // RFC 5425 §5.2: the certificate must be that of the host that was configured. The TLS library also takes one of
        // the address that the name led to, and whoever can bend a name may have one of those.
        if let name {
            let certificate = try await channel.nioSSL_peerCertificate().get()?.toDERBytes()
            guard let certificate, try X509Certificate(der: certificate).names(host: name) else {
                try? await channel.close().get()
                throw DeliveryFailure("the certificate is not one of \(name)")
            }
        }
        return channel
    }

    private static func write(_ bytes: [UInt8], to channel: any Channel) async throws {
        let deadline = channel.eventLoop.scheduleTask(in: writeTimeout) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        try await channel.writeAndFlush(channel.allocator.buffer(bytes: bytes)).get()
    }

    private static func explanation(of error: any Error) -> String {
        switch error {
        case let error as DeliveryFailure: error.explanation
        case is NIOConnectionError, ChannelError.connectTimeout: "nothing answers there"
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed: "the connection ended"
        default: "\(error)"
        }
    }
}

/// RFC 5425 §4.3: a collector has nothing to say. What it says is not read into memory; an error ends the connection.
private final class Silence: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let handshake: EventLoopPromise<Void>

    /// `handshake` is told that it is complete, or why it is not.
    init(_ handshake: EventLoopPromise<Void>) { self.handshake = handshake }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent { handshake.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        handshake.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        handshake.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { handshake.fail(ChannelError.eof) }
}
