import Foundation
import Glibc

/// Why a test does not run on this machine; nil when it can. CI installs all of it.
enum Missing {
    static let forRoot: String? = geteuid() == 0 ? nil : "not root"

    static let forTunnel: String? =
        forRoot ?? missing(["/dev/net/tun"]) ?? missing(["/usr/bin/wireguard-go", "/usr/sbin/nft", "/usr/sbin/ip"])

    /// A clock that a test may set, for one program alone.
    static let clockLibrary = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
    static let forClock: String? = missing([clockLibrary], remedy: ": install libfaketime")

    static let forProvider: String? =
        missing(["/usr/bin/python3"])
        ?? (hasPythonCryptography ? nil : "Debian's python3-cryptography is not installed")

    static let forCanaille: String? = missing([environment + "/bin/canaille"], remedy: ": run IdPFixtures/install")

    /// Python with Canaille.
    static var canaillePython: String { environment + "/bin/python" }

    static let forSAML: String? =
        missing(["/usr/bin/xmlsec1"])
        ?? missing([environment + "/bin/python"], remedy: ": run IdPFixtures/install")

    static let forSCIMTester: String? =
        forProvider ?? missing([environment + "-scim/bin/python"], remedy: ": run IdPFixtures/install")

    /// Python with scim2-tester, scim-sanity and schemathesis.
    static var scimPython: String { environment + "-scim/bin/python" }

    static let forBrowser: String? =
        forProvider ?? missing(["/usr/bin/chromium", "/usr/bin/chromedriver"])
        ?? missing([environment + "/bin/python"], remedy: ": run IdPFixtures/install")

    /// Where `IdPFixtures/install` puts its Python environment.
    private static let environment =
        ProcessInfo.processInfo.environment["ZTNA_FIXTURES_VENV"] ?? Place.repository.appending(path: ".venv").path

    private static let hasPythonCryptography: Bool = {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", "import cryptography"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    private static func missing(_ paths: [String], remedy: String = "") -> String? {
        paths.first { access($0, F_OK) != 0 }.map { "no \($0)\(remedy)" }
    }
}
