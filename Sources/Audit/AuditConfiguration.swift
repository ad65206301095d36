/// What an administrator decided about evidence: how long it is kept, and where else it goes.
package struct AuditConfiguration: Hashable, Sendable {
    /// Seconds that a record is kept.
    package var lifetime: Int
    /// Bytes of records as JSON that are kept; the index takes about as much again.
    package var maximumBytes: Int
    /// Whether people, devices, hosts and addresses are written down as pseudonyms.
    package var isPseudonymous: Bool
    package var exports: [AuditExport]

    package init(
        lifetime: Int = 365 * 86_400, maximumBytes: Int = 4 << 30, isPseudonymous: Bool = false,
        exports: [AuditExport] = []
    ) {
        self.lifetime = lifetime
        self.maximumBytes = maximumBytes
        self.isPseudonymous = isPseudonymous
        self.exports = exports
    }
}

/// One place outside that gets every record at least once.
package struct AuditExport: Hashable, Sendable {
    package enum Target: Hashable, Sendable {
        /// JSON lines, appended.
        case file(path: String)
        /// RFC 5424 messages over TLS (RFC 5425). `caFile`: PEM roots in place of the system's.
        case syslog(host: String, port: Int, caFile: String?)
        /// JSON arrays by POST. `tokenFile` holds the bearer token.
        case webhook(url: String, caFile: String?, tokenFile: String?)
    }

    package enum Format: String, Hashable, Sendable, CaseIterable { case plain, ocsf }

    /// Unique: under it the store keeps how far the export has come.
    package var name: String
    package var target: Target
    package var format: Format
    package var streams: Set<AuditEvent.Stream>

    package init(
        name: String, target: Target, format: Format = .plain,
        streams: Set<AuditEvent.Stream> = Set(AuditEvent.Stream.allCases)
    ) {
        self.name = name
        self.target = target
        self.format = format
        self.streams = streams
    }
}
