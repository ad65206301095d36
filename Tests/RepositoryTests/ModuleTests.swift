import Foundation
import Testing

/// Arrows point down only: a module uses lower rings, and of its own ring only what is listed here.
@Suite struct `The modules` {
    private static let rings: [Set<String>] = [
        [
            "CSodium", "COpenSSL", "CQREncode", "CCurlFlags", "CCurl", "CLinuxFlags", "CLinux", "CIdleMemory",
            "CXMLSecFlags",
            "CXMLSec", "CBareXMLSec",
            "CZlib", "CMaxMindDB",
        ],
        [
            "StrictJSON", "Cryptography", "Identity", "NetworkAddresses", "WebAddresses", "Compression", "SignedXML",
            "SignedDocuments",
            "CivilTime", "AccessPolicy", "Audit", "Wire",
        ],
        ["OpenIDConnect", "SAML", "IdentityProviders", "SCIM", "Sessions", "Enforcement"],
        [
            "Store", "StoreSQLite", "HTTPClient", "LinuxNetwork", "LocalSocket", "DetachedPrograms", "OperatorLog",
            "IdleMemory", "ProgramEntry",
            "Places", "ServerConfiguration",
        ],
        ["Gateway", "Coordinator", "Auditing", "Agent", "CommandLineClient", "Walkthrough"],
        ["ztna", "ztna-agent", "ztna-server", "ztna-demo", "ztna-bench"],
    ]

    private static let withinRing: [String: Set<String>] = [
        "SignedDocuments": ["StrictJSON", "Cryptography"],
        "AccessPolicy": ["CivilTime", "StrictJSON", "Identity", "NetworkAddresses"],
        "Audit": ["CivilTime", "StrictJSON", "Cryptography", "Identity", "NetworkAddresses", "SignedDocuments"],
        "WebAddresses": ["Cryptography"],
        "IdentityProviders": ["OpenIDConnect", "SAML"],
        "Wire": [
            "StrictJSON", "Cryptography", "Identity", "NetworkAddresses", "WebAddresses", "SignedDocuments",
            "CivilTime",
            "AccessPolicy",
        ],
        "StoreSQLite": ["Store"],
    ]

    private static func ring(_ module: String) -> Int? { rings.firstIndex { $0.contains(module) } }

    @Test func `of the manifest are the agreed ones`() throws {
        let names = try ManifestTarget.all().filter { $0.kind != .tests }.map(\.name)
        #expect(Set(names) == Self.rings.dropFirst().reduce(into: Set()) { $0.formUnion($1) })
        #expect(names.count == Set(names).count)
        let folders = try FileManager.default.contentsOfDirectory(atPath: Tree.root.appending(path: "Sources").path)
        #expect(Set(folders) == Self.rings.reduce(into: Set()) { $0.formUnion($1) })
    }

    @Test func `use lower rings only`() throws {
        for target in try ManifestTarget.all() where target.kind != .tests {
            let own = try #require(Self.ring(target.name))
            for used in target.uses {
                let ring = try #require(Self.ring(used), "\(target.name) uses \(used), which is in no ring")
                let isAllowed = ring < own || Self.withinRing[target.name, default: []].contains(used)
                #expect(isAllowed, "\(target.name) must not use \(used)")
            }
        }
    }

    /// The compiler would also find a module that another one happens to have built.
    @Test func `import only what their target uses`() throws {
        let targets = try ManifestTarget.all()
        let ours = Self.rings.reduce(into: Set<String>()) { $0.formUnion($1) }
        for target in targets {
            let folder = target.kind == .tests ? "Tests" : "Sources"
            for file in Tree.files("\(folder)/\(target.name)", suffix: ".swift") {
                for imported in try Self.imports(file) where ours.contains(imported) {
                    #expect(target.uses.contains(imported), "\(file) imports \(imported)")
                }
            }
        }
    }

    @Test func `meet C in one place for each library`() throws {
        let targets = try ManifestTarget.all().filter { $0.kind != .tests }
        for library in Self.rings[0] where !library.hasSuffix("Flags") {
            let users = targets.filter { $0.uses.contains(library) }.map(\.name)
            #expect(users.count == 1, "\(library) is used by \(users)")
        }
    }

    /// What a program links is a security property.
    @Test(arguments: [
        (
            "ztna",
            ["HTTPClient", "LinuxNetwork", "Gateway", "Coordinator", "Store", "StoreSQLite", "Agent"]
        ),
        (
            "ztna-agent",
            [
                "SignedXML", "SAML", "SCIM", "Gateway", "Coordinator", "Store", "StoreSQLite", "ServerConfiguration",
                "OpenIDConnect",
            ]
        ),
        ("ztna-server", ["Agent", "LinuxNetwork", "Walkthrough", "CommandLineClient"]),
    ])
    func `of a program are only those it needs`(program: String, never: [String]) throws {
        let targets = try Dictionary(uniqueKeysWithValues: ManifestTarget.all().map { ($0.name, $0.uses) })
        var linked: Set<String> = []
        var left = [program]
        while let next = left.popLast() {
            for used in targets[next, default: []] where linked.insert(used).inserted { left.append(used) }
        }
        #expect(!linked.isEmpty)
        #expect(linked.isDisjoint(with: never), "\(program) links \(linked.intersection(never).sorted())")
    }

    /// `import X`, `internal import X`, `@testable import X`, `import struct X.Y`.
    private static func imports(_ file: String) throws -> [String] {
        try Tree.lines(file).compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                words[..<index].allSatisfy({ ["internal", "package", "@testable", "@preconcurrency"].contains($0) })
            else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "typealias"]
            let name = kinds.contains(words[index + 1]) && index + 2 < words.count ? words[index + 2] : words[index + 1]
            return String(name.prefix { $0 != "." })
        }
    }
}
