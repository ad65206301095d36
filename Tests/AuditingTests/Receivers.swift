import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// A certificate of its own, made by `openssl`.
struct Certificate: Sendable {
    let file: String
    let key: String

    init(in directory: TemporaryDirectory, named name: String = "server", for host: String = "IP:127.0.0.1") throws {
        file = directory.path + "/\(name).pem"
        key = directory.path + "/\(name).key"
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
            file, "-days", "1", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(host)",
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0)
    }
}

/// A syslog collector over TLS on loopback: reads messages by their octet counts.
final class SyslogCollector: Sendable {
    private struct State {
        var messages: [String] = []
        var faults = 0
        var connections: [any Channel] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    var messages: [String] { state.withLock { $0.messages } }
    var faults: Int { state.withLock { $0.faults } }
    var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }

    init(_ certificate: Certificate) async throws {
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMFile(certificate.file).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: certificate.key, format: .pem))))
        let bound = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLServerHandler(context: context), OctetCounting(collector: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = bound }
    }

    func stop() async throws {
        try await channel.withLock { $0 }?.close().get()
        try await endConnections()
    }

    func endConnections() async throws {
        let open = state.withLock { state in
            defer { state.connections = [] }
            return state.connections
        }
        for connection in open { try? await connection.close().get() }
    }

    /// Returns once so many messages have come.
    func hasReceived(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.messages.count < count { state.waiters.append((count, continuation)) }
                return state.messages.count >= count
            }
            if isThere { continuation.resume() }
        }
    }

    private func add(_ message: String) {
        let ready = state.withLock { state in
            state.messages.append(message)
            let ready = state.waiters.filter { $0.count <= state.messages.count }
            state.waiters.removeAll { $0.count <= state.messages.count }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    private final class OctetCounting: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let collector: SyslogCollector
        private var pending: [UInt8] = []

        init(collector: SyslogCollector) { self.collector = collector }

        func channelActive(context: ChannelHandlerContext) {
            let channel = context.channel
            collector.state.withLock { $0.connections.append(channel) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            pending += Self.unwrapInboundIn(data).readableBytesView
            while let space = pending.firstIndex(of: 0x20) {
                guard let count = Int(String(decoding: pending[..<space], as: UTF8.self)) else {
                    collector.state.withLock { $0.faults += 1 }
                    return context.close(promise: nil)
                }
                guard pending.count > space + count else { return }
                collector.add(String(decoding: pending[(space + 1)...(space + count)], as: UTF8.self))
                pending.removeFirst(space + 1 + count)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// An HTTP receiver on loopback that answers as a test says, one status after the other, and then with 204.
final class WebhookReceiver: Sendable {
    struct Received: Sendable {
        var head: HTTPRequestHead
        var body: String
    }

    private let answers: Mutex<[(status: Int, retryAfter: String?)]>
    private let requests = Mutex<[Received]>([])
    private let channel = Mutex<(any Channel)?>(nil)

    var received: [Received] { requests.withLock { $0 } }
    var url: String {
        "http\(isSecure ? "s" : "")://127.0.0.1:\(channel.withLock { $0?.localAddress?.port ?? 0 })/audit"
    }
    private let isSecure: Bool

    init(_ answers: [(status: Int, retryAfter: String?)] = [], certificate: Certificate? = nil) async throws {
        self.answers = Mutex(answers)
        isSecure = certificate != nil
        let context = try certificate.map { certificate in
            try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: NIOSSLCertificate.fromPEMFile(certificate.file).map { .certificate($0) },
                    privateKey: .privateKey(NIOSSLPrivateKey(file: certificate.key, format: .pem))))
        }
        let bound = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Answering(receiver: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.withLock { $0 = bound }
    }

    func stop() async throws { try await channel.withLock { $0 }?.close().get() }

    private func answer(_ request: Received) -> (status: Int, retryAfter: String?) {
        requests.withLock { $0.append(request) }
        return answers.withLock { $0.isEmpty ? (204, nil) : $0.removeFirst() }
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let receiver: WebhookReceiver
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(receiver: WebhookReceiver) { self.receiver = receiver }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch Self.unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let bytes): body += bytes.readableBytesView
            case .end:
                guard let head else { return }
                let (status, wait) = receiver.answer(
                    Received(head: head, body: String(decoding: body, as: UTF8.self)))
                var headers: HTTPHeaders = ["Content-Length": "0"]
                if let wait { headers.add(name: "Retry-After", value: wait) }
                if status == 204 { headers.remove(name: "Content-Length") }
                context.write(
                    Self.wrapOutboundOut(
                        .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers))),
                    promise: nil)
                context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
