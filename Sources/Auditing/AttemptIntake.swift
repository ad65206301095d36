internal import Audit
package import Identity
internal import NetworkAddresses
internal import Sessions
internal import Store
internal import Synchronization
internal import Wire

/// Which device reports, as its access token says and nothing in the report.
package struct AttemptReporter: Hashable, Sendable {
    package let person: PersonID
    package let label: String
    package let device: DeviceID

    package init(person: PersonID, label: String, device: DeviceID) {
        self.person = person
        self.label = label
        self.device = device
    }
}

/// How much a device may report: its attempts must not push everybody else's out of the log.
struct IntakeLimit: Sendable {
    /// What a record takes beside what the device says of it: what we know of the device, and the JSON around it.
    private static let recordBytes = 512
    /// Of a log that is smaller than any real one.
    private static let leastShare = 4 << 20

    /// 600 batches at once, as after days without a server; then one a second, which is 1,000 records.
    private var batches = KeyedRateLimit(burst: 600, secondsPerToken: 1)
    /// A quarter of the log at once, and a quarter a day.
    private var bytes: KeyedRateLimit

    /// `maximumBytes`: of the whole log.
    init(maximumBytes: Int) {
        let share = max(maximumBytes / 4, Self.leastShare)
        bytes = KeyedRateLimit(burst: share, secondsPerToken: 86_400 / Double(share))
    }

    /// Nil when allowed, else the seconds to wait. Before anything of the batch is read.
    mutating func take(_ device: DeviceID, now: Int) -> Int? { batches.take(device.thumbprint, now: now) }

    /// The same, once it is known how much it is.
    mutating func take(_ device: DeviceID, bytes count: Int, records: Int, now: Int) -> Int? {
        bytes.take(device.thumbprint, Double(count + records * Self.recordBytes), now: now)
    }
}

extension AuditLog {
    /// Clocks further apart than this are said to be, in seconds.
    static var clockTolerance: Int { 300 }

    /// Stores one batch of connection attempts, once, however often it comes. Returns when it is durable.
    package func take(_ body: [UInt8], from reporter: AttemptReporter) async throws(IntakeRefusal) {
        let now = clock()
        if let wait = intake.withLock({ $0.take(reporter.device, now: now) }) { throw .tooMany(retryAfter: wait) }
        let batch: AttemptBatch
        do throws(WireError) { batch = try AttemptBatch(parsing: body) } catch {
            guard case .malformed(let member) = error else { throw .malformed("batch") }
            throw .malformed(member)
        }
        let size = (bytes: body.count, records: batch.records.count)
        if let wait = intake.withLock({
            $0.take(reporter.device, bytes: size.bytes, records: size.records, now: now)
        }) {
            throw .tooMany(retryAfter: wait)
        }
        let keeping = Keeping(self)
        do {
            let end = try await store.write { records -> AuditChain? in
                guard try records.rememberUpload(batch.id, of: reporter.device, at: now) else { return nil }
                let node = try records.node(device: reporter.device)
                let events = batch.events(from: reporter, node: node, now: now)
                return events.isEmpty ? nil : try keeping.append(events, to: records)
            }
            if let end { note(signed: end) }
        } catch { throw .store(Self.storeError(error)) }
        signal.send()
    }
}

extension AttemptBatch {
    /// What the device says of its own end is overruled by what we know of it.
    func events(from reporter: AttemptReporter, node: NodeRecord?, now: Int) -> [AuditEvent] {
        let offset = sentAt - now
        let clockOffset = abs(offset) > AuditLog.clockTolerance ? offset : nil
        var events = records.map { record -> AuditEvent in
            var event = AuditEvent(
                .connection, "attempt", record.verdict == .allow ? .allow : .deny, at: record.time,
                rule: record.rule, reason: record.reason, revision: record.revision)
            event.direction = record.direction == .inbound ? .inbound : .outbound
            event.source = AuditEnd(record.source)
            event.destination = AuditEnd(record.destination)
            switch record.direction {
            case .inbound: event.destination = AuditEnd(reporter, node, at: record.destination.address.description)
            case .outbound: event.source = AuditEnd(reporter, node, at: record.source.address.description)
            }
            event.protocolNumber = record.protocolNumber
            event.port = record.port.map(Int.init)
            event.ports = record.ports
            if record.count > 1 {
                event.count = record.count
                event.last = record.last
            }
            return event
        }
        for (count, reason) in [(lost - unattended, "lost-on-device"), (unattended, "no-agent-running")] where count > 0
        {
            events.append(
                AuditEvent(.connection, "attempts-lost", .failure, at: sentAt, reason: reason, count: count))
        }
        for index in events.indices {
            events[index].device = reporter.device.thumbprint
            events[index].host = node?.host.text
            events[index].receivedAt = now
            events[index].clockOffset = clockOffset
        }
        return events
    }
}

extension AuditEnd {
    fileprivate init(_ end: ConnectionRecord.End) {
        self.init(
            person: end.person?.text, label: end.label, node: end.node?.text, host: end.host,
            address: end.address.description)
    }

    fileprivate init(_ reporter: AttemptReporter, _ node: NodeRecord?, at address: String) {
        self.init(
            person: reporter.person.text, label: reporter.label, node: node?.id.text,
            device: reporter.device.thumbprint, host: node?.host.text, address: address)
    }
}
