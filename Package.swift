// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of ours: its name is its folder; `uses` are modules of lower rings (or the listed exceptions of its own).
func module(_ name: String, uses: [String] = [], products: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: uses.map { .byName(name: $0) } + products, swiftSettings: settings)
}

func program(_ name: String, uses: [String] = [], products: [Target.Dependency] = []) -> Target {
    .executableTarget(name: name, dependencies: uses.map { .byName(name: $0) } + products, swiftSettings: settings)
}

func tests(_ name: String, uses: [String], products: [Target.Dependency] = [], fixtures: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: uses.map { .byName(name: $0) } + products,
        exclude: fixtures ? ["Fixtures"] : [], swiftSettings: settings)
}

/// A fuzz target. Only `Tests/Fuzzing/run` builds it, and says where libFuzzer is.
func fuzzer(_ name: String, uses: [String], runtime: String) -> Target {
    .executableTarget(
        name: "Fuzz\(name)", dependencies: uses.map { .byName(name: $0) }, path: "Tests/Fuzzing/\(name)",
        exclude: name == "SignedXML" ? ["Corpus", "make-corpus", "markup.dict"] : [], swiftSettings: settings,
        linkerSettings: [.unsafeFlags([runtime]), .linkedLibrary("stdc++")])
}

let vocabulary = [
    "StrictJSON", "Cryptography", "Identity", "NetworkAddresses", "WebAddresses", "SignedDocuments", "CivilTime",
    "AccessPolicy", "Wire",
]

/// What xmlsec1-openssl.pc defines; the package manager passes on no `-D` of such a file.
let xmlsec: [CSetting] = [
    .define("XMLSEC_CRYPTO_OPENSSL"), .define("XMLSEC_NO_SIZE_T"), .define("XMLSEC_NO_GOST"),
    .define("XMLSEC_NO_GOST2012"), .define("XMLSEC_NO_CRYPTO_DYNAMIC_LOADING"),
    .define("__XMLSEC_FUNCTION__", to: "__func__"), .unsafeFlags(["-I/usr/include/xmlsec1"]),
]

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "ztna",
    products: [
        .executable(name: "ztna", targets: ["ztna"]),
        .executable(name: "ztna-agent", targets: ["ztna-agent"]),
        .executable(name: "ztna-server", targets: ["ztna-server"]),
        .executable(name: "ztna-demo", targets: ["ztna-demo"]),
        .executable(name: "ztna-bench", targets: ["ztna-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", exact: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", exact: "2.13.0"),
    ],
    targets: [
        // C: module maps and shims, no logic. Each has exactly one Swift importer.
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto"),
        .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
        .systemLibrary(name: "CMaxMindDB", pkgConfig: "libmaxminddb"),
        .systemLibrary(name: "CCurlFlags", pkgConfig: "libcurl"),
        .target(name: "CCurl", dependencies: ["CCurlFlags"]),
        .systemLibrary(name: "CLinuxFlags", pkgConfig: "libnftables"),
        .target(
            name: "CLinux", dependencies: ["CLinuxFlags"],
            linkerSettings: [
                .linkedLibrary("nftables"), .linkedLibrary("netfilter_log"), .linkedLibrary("netfilter_conntrack"),
            ]),
        .target(name: "CIdleMemory"),

        .systemLibrary(name: "CXMLSecFlags", pkgConfig: "libxml-2.0"),
        .target(
            name: "CXMLSec", dependencies: ["CXMLSecFlags"],
            cSettings: xmlsec,
            linkerSettings: [
                .linkedLibrary("xmlsec1-openssl"), .linkedLibrary("xmlsec1"), .linkedLibrary("xml2"),
                .linkedLibrary("crypto"),
            ]),

        // libxmlsec1 by itself, for the bench to compare with.
        .target(
            name: "CBareXMLSec", dependencies: ["CXMLSecFlags"], cSettings: xmlsec,
            linkerSettings: [.linkedLibrary("xmlsec1-openssl"), .linkedLibrary("xmlsec1"), .linkedLibrary("xml2")]),

        // 0 vocabulary
        module("StrictJSON"),
        module("Cryptography", uses: ["CSodium", "COpenSSL"], products: [crypto]),
        module("Identity"),
        module("NetworkAddresses"),
        module("WebAddresses"),
        module("Compression", uses: ["CZlib"]),
        module("SignedXML", uses: ["CXMLSec"]),
        module("SignedDocuments", uses: ["StrictJSON", "Cryptography"]),
        module("CivilTime"),
        module("AccessPolicy", uses: ["CivilTime", "Identity", "NetworkAddresses", "StrictJSON"]),
        module(
            "Audit",
            uses: ["CivilTime", "StrictJSON", "Cryptography", "Identity", "NetworkAddresses", "SignedDocuments"]),
        module("Wire", uses: vocabulary.filter { $0 != "Wire" }),

        // 1 protocols: no I/O
        module("OpenIDConnect", uses: ["StrictJSON", "Cryptography", "SignedDocuments", "Identity", "WebAddresses"]),
        module("SAML", uses: ["Cryptography", "Identity", "WebAddresses", "Compression", "SignedXML"]),
        module("IdentityProviders", uses: ["Identity", "OpenIDConnect", "SAML"]),
        module("SCIM", uses: ["StrictJSON", "Cryptography"]),
        module("Sessions", uses: ["StrictJSON", "Cryptography", "SignedDocuments", "Identity"]),
        module(
            "Enforcement",
            uses: ["Cryptography", "SignedDocuments", "Identity", "NetworkAddresses", "AccessPolicy", "Wire"]),

        // 2 edges
        module("Store", uses: vocabulary + ["Audit", "Sessions", "OpenIDConnect", "SCIM"]),
        module(
            "StoreSQLite", uses: ["Store"] + vocabulary + ["Audit", "Sessions", "OpenIDConnect", "SCIM"],
            products: [grdb, grdbSQLite]),
        module("HTTPClient", uses: ["CCurl", "NetworkAddresses"]),
        module("LinuxNetwork", uses: ["CLinux", "NetworkAddresses", "Cryptography"]),
        module("LocalSocket", uses: ["StrictJSON"]),
        module("DetachedPrograms"),
        module("IdleMemory", uses: ["CIdleMemory"]),
        module("OperatorLog"),
        module("ProgramEntry", products: [arguments]),
        module("Places", uses: ["CMaxMindDB", "NetworkAddresses", "AccessPolicy"]),
        module(
            "ServerConfiguration",
            uses: vocabulary + ["Audit", "SignedXML", "OpenIDConnect", "SAML", "IdentityProviders", "Sessions"],
            products: [yams]),

        // 3 services
        module(
            "Gateway",
            uses: vocabulary + [
                "Audit", "OpenIDConnect", "SAML", "SignedXML", "IdentityProviders", "SCIM", "Sessions", "Store",
                "HTTPClient",
            ],
            products: [
                hummingbird, hummingbirdCore, hummingbirdTLS, httpTypes, nioCore, nioSSL, logging, lifecycle,
            ]),
        module("Coordinator", uses: vocabulary + ["Sessions", "Store"], products: [logging]),
        module(
            "Auditing", uses: vocabulary + ["Audit", "Sessions", "Store", "HTTPClient"],
            products: [logging, nioCore, nioPosix, nioSSL, nioTLS]),
        module(
            "Agent",
            uses: vocabulary + [
                "Sessions", "Enforcement", "HTTPClient", "LinuxNetwork", "LocalSocket", "DetachedPrograms",
            ],
            products: [logging]),

        // A browser and a device without window or agent: for the demo, the bench and the tests.
        module(
            "Walkthrough",
            uses: [
                "StrictJSON", "Cryptography", "WebAddresses", "Compression", "SignedXML", "SignedDocuments", "SAML",
                "Sessions",
            ]),

        module(
            "CommandLineClient",
            uses: ["StrictJSON", "CivilTime", "Wire", "LocalSocket", "DetachedPrograms", "CQREncode"]),

        // 4 programs
        program(
            "ztna", uses: ["StrictJSON", "CivilTime", "Wire", "CommandLineClient", "ProgramEntry"],
            products: [arguments]),
        program(
            "ztna-agent",
            uses: vocabulary + [
                "Agent", "LocalSocket", "LinuxNetwork", "HTTPClient", "OperatorLog", "IdleMemory", "ProgramEntry",
            ],
            products: [arguments, logging]),
        program(
            "ztna-server",
            uses: vocabulary + [
                "OpenIDConnect", "SAML", "SignedXML", "IdentityProviders", "SCIM", "Sessions", "Store", "StoreSQLite",
                "HTTPClient",
                "LocalSocket", "Places", "ServerConfiguration", "Gateway", "Coordinator", "Audit", "Auditing",
                "OperatorLog", "IdleMemory", "ProgramEntry",
            ],
            products: [arguments, lifecycle, signals, logging]),
        program(
            "ztna-demo", uses: ["StrictJSON", "Wire", "HTTPClient", "Walkthrough", "ProgramEntry"],
            products: [arguments]),
        program(
            "ztna-bench",
            uses: vocabulary + [
                "CBareXMLSec", "OpenIDConnect", "SAML", "SignedXML", "IdentityProviders", "Sessions", "Store",
                "StoreSQLite",
                "HTTPClient",
                "LocalSocket", "Gateway", "Coordinator", "Walkthrough", "Enforcement", "LinuxNetwork", "Agent", "Audit",
                "Auditing", "IdleMemory",
            ],
            products: [arguments, hummingbird, logging, grdb]),

        // Tests mirror Sources; Support holds the harnesses that several share.
        tests("StrictJSONTests", uses: ["StrictJSON"]),
        tests("CryptographyTests", uses: ["Cryptography"], fixtures: true),
        tests("IdentityTests", uses: ["Identity"]),
        tests("NetworkAddressesTests", uses: ["NetworkAddresses"]),
        tests("WebAddressesTests", uses: ["WebAddresses"]),
        tests("CompressionTests", uses: ["Compression"]),
        tests("SignedXMLTests", uses: ["SignedXML"], fixtures: true),
        tests(
            "SAMLTests",
            uses: ["StrictJSON", "Cryptography", "Identity", "WebAddresses", "Compression", "SignedXML", "SAML"],
            fixtures: true),
        tests("IdentityProvidersTests", uses: ["Identity", "OpenIDConnect", "SAML", "IdentityProviders"]),
        tests("SCIMTests", uses: ["StrictJSON", "Cryptography", "SCIM"], fixtures: true),
        tests("SignedDocumentsTests", uses: ["StrictJSON", "Cryptography", "SignedDocuments"]),
        tests("CivilTimeTests", uses: ["CivilTime"]),
        tests("AccessPolicyTests", uses: ["CivilTime", "Identity", "NetworkAddresses", "StrictJSON", "AccessPolicy"]),
        tests("WireTests", uses: vocabulary),
        tests("AuditTests", uses: ["StrictJSON", "Cryptography", "Identity", "SignedDocuments", "Audit"]),
        tests("OpenIDConnectTests", uses: vocabulary + ["OpenIDConnect"], fixtures: true),
        tests("SessionsTests", uses: vocabulary + ["Sessions"]),
        tests("PlacesTests", uses: ["NetworkAddresses", "AccessPolicy", "Places"]),
        tests("EnforcementTests", uses: vocabulary + ["Enforcement"]),
        tests(
            "StoreTests", uses: vocabulary + ["Audit", "OpenIDConnect", "Sessions", "SCIM", "Store", "StoreSQLite"],
            products: [grdb]),
        tests("HTTPClientTests", uses: ["HTTPClient", "NetworkAddresses"]),
        tests(
            "LinuxNetworkTests", uses: ["StrictJSON", "NetworkAddresses", "Cryptography", "LinuxNetwork", "Agent"],
            products: [logging]),
        tests("DetachedProgramsTests", uses: ["DetachedPrograms"]),
        tests("IdleMemoryTests", uses: ["IdleMemory"]),
        tests("OperatorLogTests", uses: ["OperatorLog"]),
        tests("ProgramEntryTests", uses: ["ProgramEntry"], products: [arguments]),
        tests("LocalSocketTests", uses: ["StrictJSON", "LocalSocket"]),
        tests(
            "ServerConfigurationTests",
            uses: vocabulary + [
                "Audit", "OpenIDConnect", "SAML", "IdentityProviders", "Sessions", "ServerConfiguration",
            ]),
        tests(
            "GatewayTests",
            uses: vocabulary + [
                "Audit", "OpenIDConnect", "SAML", "SignedXML", "IdentityProviders", "SCIM", "Sessions", "Store",
                "StoreSQLite",
                "HTTPClient",
                "Gateway", "Walkthrough",
            ],
            products: [logging]),
        tests(
            "CoordinatorTests", uses: vocabulary + ["Sessions", "SCIM", "Store", "StoreSQLite", "Coordinator"],
            products: [logging]),
        tests(
            "AuditingTests",
            uses: vocabulary + ["Audit", "Sessions", "Store", "StoreSQLite", "HTTPClient", "Auditing"],
            products: [grdb, logging, nioCore, nioPosix, nioSSL, nioHTTP1]),
        tests(
            "AgentTests",
            uses: vocabulary + [
                "Sessions", "Enforcement", "HTTPClient", "LinuxNetwork", "DetachedPrograms", "Agent",
            ],
            products: [logging]),
        tests("CommandLineClientTests", uses: ["StrictJSON", "Wire", "LocalSocket", "CommandLineClient"]),
        tests("EndToEndTests", uses: ["StrictJSON", "Cryptography", "HTTPClient", "Walkthrough"]),
        tests("RepositoryTests", uses: []),
    ]
)

if let runtime = Context.environment["ZTNA_FUZZER"] {
    package.targets += [
        fuzzer("SignedXML", uses: ["SignedXML"], runtime: runtime),
        fuzzer("SAML", uses: ["StrictJSON", "Identity", "WebAddresses", "SignedXML", "SAML"], runtime: runtime),
    ]
}
