import Cryptography
import Foundation
import Gateway
import Identity
import Sessions
import Store
import StoreSQLite
import Synchronization
import Testing
import Walkthrough

@Suite struct `What a sign-in leaves in the database` {
    /// The log of a SQLite file keeps each state that was written: one look at the end sees every step.
    @Test func `has none of its bearer values in it, nor has the log`() async throws {
        let path = NSTemporaryDirectory() + "/ztna-stored-" + UUID().uuidString + ".db"
        let files = ["", "-wal", "-shm"].map { path + $0 }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        let harness = try await GatewayHarness(store: try SQLiteStore(path: path))
        var device = try harness.device()
        let begun = try await device.beginSignIn(loopbackPort: 43_210)
        let deviceCode = try #require(begun.string("device_code"))
        let userCode = try #require(begun.string("user_code"))
        let local = try #require(begun.string("verification_uri_local"))
        var browser = harness.browser()
        browser.stopsAt = "http://127.0.0.1:43210/"
        let page = try await SignInWalk(user: "alice", password: "", number: nil).walk(local, in: &browser)
        let carried = try #require(page.url.split(separator: "=").last.map { String($0) })
        let tokens = try await device.poll(deviceCode, loopbackCode: carried)
        #expect(tokens.status == 200)

        let onTheWay = browser.history.flatMap { line in ["state", "code"].compactMap { Self.value($0, in: line) } }
        // Its third cookie is the sign-in's id, worth nothing without that of the browser.
        let secrets = ["__Host-ztna-browser", "__Host-ztna-local"]
        let cookies = secrets.compactMap { browser.cookies[GatewayHarness.server]?[$0] }
        let granted = ["access_token", "refresh_token"].compactMap { tokens.string($0) }
        let asked = [deviceCode, userCode, userCode.filter { $0 != "-" }]
        let bearers = onTheWay + cookies + asked + granted + [carried, Self.value("local", in: local) ?? ""]
        #expect(bearers.count >= 10 && bearers.allSatisfy { $0.utf8.count >= 8 })
        let stored = try files.prefix(2).map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        #expect(stored.contains { $0.range(of: Data("Debian GNU/Linux 12".utf8)) != nil })
        for bearer in bearers {
            let found = stored.contains { $0.range(of: Data(bearer.utf8)) != nil }
            #expect(!found && !harness.log.text.contains(bearer), "\(bearer) of \(onTheWay)")
        }
        await harness.store.close()
    }

    private static func value(_ name: String, in url: String) -> String? {
        guard let start = url.firstRange(of: "?\(name)=") ?? url.firstRange(of: "&\(name)=") else { return nil }
        return String(url[start.upperBound...].prefix { $0 != "&" && $0 != " " })
    }

    @Test func `is a user code that each server with the same key derives again, and no other`() throws {
        let id = try #require(RecordID("aaaaaaaaaaaaaaaaaaaaaa"))
        let other = try #require(RecordID("aaaaaaaaaaaaaaaaaaaaab"))
        func secrets(_ byte: UInt8) throws -> GatewaySecrets {
            var root = [UInt8](repeating: byte, count: 32)
            return try GatewaySecrets(taking: &root)
        }
        let code = try secrets(7).userCode(of: id)
        #expect(try secrets(7).userCode(of: id) == code)
        #expect(try secrets(7).userCode(of: other) != code && secrets(8).userCode(of: id) != code)
    }

    @Test func `with the user code of another makes the next take another id`() async throws {
        let id = [UInt8](repeating: 3, count: 16)
        let isForced = Mutex(false)
        let harness = try await GatewayHarness(
            randomness: Randomness { count in
                let forced =
                    count == 16
                    && isForced.withLock { isForced in
                        defer { isForced = false }
                        return isForced
                    }
                return forced ? id : Randomness.system.bytes(count)
            })
        // One sign-in has the code of that id, under another id.
        isForced.withLock { $0 = true }
        var device = try harness.device()
        let first = try await device.beginSignIn()
        let known = try #require(
            try await harness.store.read { try $0.openDeviceAuthorizations(now: 0) }.first)
        #expect(known.id.text == Base64URL.encode(id))
        let twin = DeviceAuthorization(
            id: try #require(RecordID("aaaaaaaaaaaaaaaaaaaaaa")), deviceCodeHash: Digest.sha256("twin"),
            userCodeHash: known.userCodeHash, device: known.device, asking: known.asking, number: 10, loopback: nil,
            createdAt: known.createdAt, expiresAt: known.expiresAt + 1)
        try await harness.store.write { transaction in
            try transaction.deleteDeviceAuthorizations(expiredBefore: twin.expiresAt)
            try transaction.save(twin)
        }
        isForced.withLock { $0 = true }
        let second = try await device.beginSignIn()
        #expect(!isForced.withLock { $0 })
        #expect(second.status == 200)
        #expect(second.string("user_code") != first.string("user_code"))
        #expect(try await harness.store.read { try $0.openDeviceAuthorizations(now: 0) }.count == 2)
    }
}
