/// Where evidence goes. `record` returns at once and never fails: what cannot be kept is counted, and the count recorded.
package protocol AuditSink: Sendable {
    func record(_ event: AuditEvent)
}

/// For a server without an audit log: a bench that measures something else, a test of something else.
package struct NoAudit: AuditSink {
    package init() {}
    package func record(_ event: AuditEvent) {}
}
