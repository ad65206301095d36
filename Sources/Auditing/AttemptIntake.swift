internal import Audit
package import Identity
internal import Logging
internal import NetworkAddresses
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

extension AuditLog {
    /// Stores one batch of connection attempts, once, however often it comes. Returns when it is durable.
    package func take(_ body: [UInt8], from reporter: AttemptReporter) async throws(IntakeRefusal) {
        let now = clock()
        let batch: AttemptBatch
        let room: Int
        do throws(IntakeRefusal) {
            try intake.withLock { limit throws(IntakeRefusal) in try limit.begin(reporter, now: now) }
            batch = try Self.batch(body)
            room = IntakeLimit.estimate(bytes: body.count, records: batch.records.count)
            try intake.withLock { limit throws(IntakeRefusal) in try limit.take(room, from: reporter, now: now) }
        } catch {
            if case .tooMany(let bound, _) = error { tell(bound, of: reporter, now: now) }
            throw error
        }
        var stored = 0
        defer { intake.withLock { [stored] in $0.settle(taken: room, stored: stored, from: reporter) } }
        let keeping = Keeping(self)
        do {
            let end = try await store.write { records -> (chain: AuditChain, bytes: Int)? in
                guard try records.rememberUpload(batch.id, of: reporter.device, at: now) else { return nil }
                let node = try records.node(device: reporter.device)
                let events = batch.events(from: reporter, node: node, now: now)
                return events.isEmpty ? nil : try keeping.append(events, to: records)
            }
            if let end {
                note(signed: end.chain)
                stored = end.bytes
            }
        } catch { throw .store(Self.storeError(error)) }
        signal.send()
    }

    private static func batch(_ body: [UInt8]) throws(IntakeRefusal) -> AttemptBatch {
        do throws(WireError) { return try AttemptBatch(parsing: body) } catch {
            guard case .malformed(let member) = error else { throw .malformed("batch") }
            throw .malformed(member)
        }
    }

    /// Says who is at a limit, in the log and as a record.
    private func tell(_ bound: IntakeBound, of reporter: AttemptReporter, now: Int) {
        guard intake.withLock({ $0.isToBeTold(bound, of: reporter, now: now) }) else { return }
        var event = AuditEvent(
            .administration, "attempts-held-back", .refused, at: now, actor: .server, reason: bound.name)
        var metadata: Logger.Metadata = ["reason": "\(bound.name)"]
        switch bound {
        case .everyone: event.subject = AuditSubject(.audit, id: nil)
        case .device, .person:
            event.subject = AuditSubject(.person, id: reporter.person.text, label: reporter.label)
            metadata["person"] = "\(reporter.label)"
            if bound == .device {
                event.device = reporter.device.thumbprint
                metadata["device"] = "\(reporter.device.thumbprint)"
            }
        }
        logger.warning(
            "connection records are not taken for now: they would push older evidence out of audit.maximum_size",
            metadata: metadata)
        record(event)
    }
}

extension AttemptBatch {
    /// What the device says of its own end is overruled by what we know of it.
    func events(from reporter: AttemptReporter, node: NodeRecord?, now: Int) -> [AuditEvent] {
        let times = DeviceTimes(sentAt: sentAt, now: now)
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
            if record.count > 1 { event.count = record.count }
            times.put(record.time, last: record.count > 1 ? record.last : nil, in: &event)
            return event
        }
        for (count, reason) in [(lost - unattended, "lost-on-device"), (unattended, "no-agent-running")] where count > 0
        {
            var event = AuditEvent(.connection, "attempts-lost", .failure, at: now, reason: reason, count: count)
            times.put(sentAt, last: nil, in: &event)
            events.append(event)
        }
        for index in events.indices {
            events[index].device = reporter.device.thumbprint
            events[index].host = node?.host.text
            events[index].receivedAt = now
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
