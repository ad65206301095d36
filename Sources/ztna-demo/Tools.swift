import Glibc

/// The programs that the demo runs: its own siblings, and what Debian brings.
struct Tools {
    static let path = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    let ztna, agent, server: String
    let openIDProvider, samlProvider: String
    let python, openssl, ip, tcpdump, wg: String

    /// Finds them all, or says everything that is missing and how to get it.
    init(fixtures: String, withTunnel: Bool) throws {
        let directory = try Self.ownDirectory()
        var missing: [String] = []
        var packages: [String] = []
        func sibling(_ name: String) -> String {
            let path = directory + "/" + name
            if access(path, X_OK) != 0 { missing.append("\(path) (build it: swift build)") }
            return path
        }
        func tool(_ name: String, package: String, ifNeeded isNeeded: Bool = true) -> String {
            let found = Self.path.map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
            if found == nil, isNeeded {
                missing.append(name)
                packages.append(package)
            }
            return found ?? name
        }
        ztna = sibling("ztna")
        agent = sibling("ztna-agent")
        server = sibling("ztna-server")
        openIDProvider = fixtures + "/oidc/provider.py"
        samlProvider = fixtures + "/saml/provider.py"
        for file in [openIDProvider, samlProvider] where !File.exists(file) {
            missing.append("\(file) (name its folder: --fixtures DIR)")
        }
        python = "/usr/bin/python3"
        if access(python, X_OK) != 0 {
            missing.append("python3")
            packages.append("python3")
        }
        _ = tool("setpriv", package: "util-linux")
        if Directory.entries(of: "/usr/lib/python3/dist-packages/cryptography").isEmpty {
            missing.append("python3's cryptography")
            packages.append("python3-cryptography")
        }
        if Directory.entries(of: "/usr/lib/python3/dist-packages/saml2").isEmpty {
            missing.append("python3's saml2")
            packages.append("python3-pysaml2")
        }
        _ = tool("xmlsec1", package: "xmlsec1")
        openssl = tool("openssl", package: "openssl", ifNeeded: withTunnel)
        ip = tool("ip", package: "iproute2", ifNeeded: withTunnel)
        tcpdump = tool("tcpdump", package: "tcpdump", ifNeeded: withTunnel)
        wg = tool("wg", package: "wireguard-tools", ifNeeded: withTunnel)
        _ = tool("wireguard-go", package: "wireguard-go", ifNeeded: withTunnel)
        if withTunnel, !File.exists("/dev/net/tun") { missing.append("/dev/net/tun (modprobe tun)") }
        guard missing.isEmpty else {
            let remedy = packages.isEmpty ? "" : "\nTry: apt-get install " + packages.joined(separator: " ")
            throw DemoFailure("missing: " + missing.joined(separator: ", ") + remedy)
        }
    }

    private static func ownDirectory() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink("/proc/self/exe", $0, bytes.count) } ?? -1
        }
        let path = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { throw DemoFailure("ztna-demo does not know its own path") }
        return String(path[..<slash])
    }
}
