import Dispatch
import Gateway
import Glibc
import Identity
import Testing

/// The server on a real socket: what holds a descriptor and for how long.
@Suite struct `A connection` {
    /// The server's end closes it in the end; nil where it did not, or could not be reached.
    private func bytesUntilClosed(port: Int, sending text: String) async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "test.connection").async {
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                defer { close(descriptor) }
                var patience = timeval(tv_sec: 60, tv_usec: 0)
                setsockopt(
                    descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
                address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                let isConnected = withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    }
                }
                guard isConnected, send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) == text.utf8.count
                else { return continuation.resume(returning: nil) }
                var received: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    if count < 0, errno != ECONNRESET { return continuation.resume(returning: nil) }
                    guard count > 0 else { return continuation.resume(returning: received) }
                    received += buffer.prefix(count)
                }
            }
        }
    }

    @Test(arguments: [
        "", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "POST /device HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ncsrf=",
    ])
    func `that does not complete its request is closed without an answer`(_ beginning: String) async throws {
        let harness = try await GatewayHarness()
        let (ports, running) = AsyncStream<Int>.makeStream()
        let server = try GatewayServer(
            gateway: harness.gateway, host: "127.0.0.1", port: 0, certificates: nil, silence: .milliseconds(100),
            logger: harness.log.logger(), onRunning: { running.yield($0) })
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let received = try #require(await bytesUntilClosed(port: port, sending: beginning))
        #expect(!String(decoding: received, as: UTF8.self).contains("200"))
    }

    @Test(arguments: [
        ("/scim/corp/v2/Users?filter=" + String(repeating: "a", count: 17_000), "401"),
        ("/scim/" + String(repeating: "a", count: 17_000), "414"),
        ("/?" + String(repeating: "a", count: 17_000), "414"),
        ("/scim/corp/v2/Users?filter=" + String(repeating: "a", count: 70_000), "400"),
    ])
    func `takes a long query to the SCIM server, and nothing else that is long`(
        _ target: String, _ status: String
    ) async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let received = try await answer(
            of: harness, to: "GET \(target) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(received.hasPrefix("HTTP/1.1 \(status)"), "\(received.prefix(200))")
    }

    @Test func `takes no long header`() async throws {
        let long = String(repeating: "a", count: 17_000)
        let received = try await answer(
            of: try await GatewayHarness(),
            to: "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: \(long)\r\nConnection: close\r\n\r\n")
        #expect(received.hasPrefix("HTTP/1.1 431"), "\(received.prefix(200))")
    }

    private func answer(of harness: GatewayHarness, to request: String) async throws -> String {
        let (ports, running) = AsyncStream<Int>.makeStream()
        let server = try GatewayServer(
            gateway: harness.gateway, host: "127.0.0.1", port: 0, certificates: nil, silence: .seconds(30),
            logger: harness.log.logger(), onRunning: { running.yield($0) })
        let serving = Task { try await server.run() }
        defer { serving.cancel() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        return String(
            decoding: try #require(await bytesUntilClosed(port: port, sending: request)), as: UTF8.self)
    }
}
