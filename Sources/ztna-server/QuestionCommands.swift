import AccessPolicy
import Coordinator
import Gateway
import Glibc
import Identity
import ServerConfiguration
import StrictJSON
import Wire

/// The commands that ask who may reach what. Members and answers: Docs/Wire.md, "Questions".
struct QuestionCommands: Sendable {
    let coordinator: Coordinator
    let policy: PolicyReloading

    var commands: [AdministrationCommand] {
        [
            AdministrationCommand("why", .anybody) { members, administrator in
                try await why(members, administrator)
            },
            AdministrationCommand("who-can-reach", .administrators) { members, _ in
                let questions = try await coordinator.accessQuestions()
                let destination = try destination(members.string("host"), questions)
                let service = try service(members)
                var answer: [String: JSON] = [
                    "destination": Self.end(destination.host, destination.person),
                    "people": .array(
                        questions.whoCanReach(destination, on: service).map { Self.json($0, ofPerson: true) }),
                ]
                answer["service"] = service.map { .string($0.text) }
                return .object(answer)
            },
            AdministrationCommand("what-can", .administrators) { members, _ in
                let questions = try await coordinator.accessQuestions()
                if let text = try members.optionalString("group") {
                    let group = try group(text, questions)
                    return [
                        "who": .string("group \(group)"),
                        "destinations": .array(questions.whatCan(group).map { Self.json($0, ofPerson: false) }),
                    ]
                }
                let person = try person(members.string("user"), questions)
                return [
                    "who": .string(person.label),
                    "destinations": .array(questions.whatCan(person).map { Self.json($0, ofPerson: false) }),
                ]
            },
            AdministrationCommand("matrix", .administrators) { _, _ in
                let matrix = GroupMatrix(try await coordinator.accessQuestions())
                return [
                    "destinations": .array(matrix.destinations.map { .string($0.text) }),
                    "rows": .array(
                        matrix.rows.map { row in
                            [
                                "group": .string(row.group.text),
                                "cells": .array(row.cells.map { .array($0.map { .string($0) }) }),
                            ]
                        }),
                ]
            },
            AdministrationCommand("what-if", .administrators) { members, _ in
                let changes = try await changes(members)
                return [
                    "gained": .array(changes.gained.map(Self.json)), "lost": .array(changes.lost.map(Self.json)),
                ]
            },
        ]
    }

    /// `POST /v1/why`: about the caller's own device.
    func why(
        _ caller: ControlServices.Caller, _ members: JSONMembers
    ) async throws(ControlServices.Refusal) -> JSON {
        do {
            return Self.json(
                try await coordinator.why(
                    session: caller.session, host: members.string("host"), service: service(members)))
        } catch let failure as AdministrationFailure {
            throw ControlServices.Refusal(.commandRefused, failure.explanation)
        } catch let error as CoordinatorError {
            throw ControlServices.Refusal(.commandRefused, error.explanation)
        } catch { throw ControlServices.Refusal(.invalidRequest, "send {\"host\", \"service\"?}") }
    }

    /// Everybody about their own device; administrators about any, by `from`.
    private func why(_ members: JSONMembers, _ administrator: Administrator) async throws -> JSON {
        let (host, service) = (try members.string("host"), try service(members))
        switch (administrator, try members.optionalString("from")) {
        case (.person(let caller, _), nil):
            return Self.json(try await coordinator.why(session: caller.session, host: host, service: service))
        case (.person(let caller, isAdministrator: false), _?):
            throw ControlServices.Refusal(
                .notAnAdministrator, "\(caller.label) is no administrator and may ask about their own device only")
        case (.operator, nil): throw AdministrationFailure(explanation: "give `from`: the host that is to reach it")
        case (_, let source?):
            guard let source = HostName(source) else { throw CoordinatorError.unknownHost }
            return Self.json(try await coordinator.why(from: source, host: host, service: service))
        }
    }

    private func changes(_ members: JSONMembers) async throws -> AccessQuestions.Changes {
        let questions = try await coordinator.accessQuestions()
        let person = try members.optionalString("user").map { try self.person($0, questions) }
        if let text = try members.optionalString("policy") {
            return questions.under(try await policy(text), only: person)
        }
        let added = try members.optionalString("with_group").map { try group($0, questions, mayBeNew: true) }
        let removed = try members.optionalString("without_group").map { try group($0, questions) }
        guard let person, added != nil || removed != nil else {
            throw AdministrationFailure(
                explanation: "give `user` with `with_group` or `without_group`, or give `policy`")
        }
        return questions.ifMember(person, joining: added, leaving: removed)
    }

    /// With the grants for a time that are open: they would stay.
    private func policy(_ text: String) async throws -> Policy {
        let loaded = PolicyFile.read(
            Array(text.utf8), name: "the supposed policy", files: .ofSystem(), now: Int(time(nil)))
        switch loaded {
        case .success(let document): return document.policy(adding: await policy.grants.compactMap(\.rule))
        case .failure(let invalid): throw AdministrationFailure(explanation: invalid.description)
        }
    }

    private func destination(_ text: String, _ questions: AccessQuestions) throws -> DirectoryDestination {
        guard let host = HostName(text), let found = questions.destinations.first(where: { $0.host == host }) else {
            throw AdministrationFailure(
                explanation: "no device is called \(text.prefix(80)): `ztna-server nodes list` has them all")
        }
        return found
    }

    private func person(_ text: String, _ questions: AccessQuestions) throws -> DirectoryPerson {
        let name = text.hasPrefix("user:") ? String(text.dropFirst(5)) : text
        let email = EmailAddress(name)
        let found = questions.people.filter { person in
            email != nil && person.principal.email == email || person.principal.person.text == name
        }
        guard let person = found.first else {
            throw AdministrationFailure(
                explanation: "nobody active is called \(name.prefix(80)): `ztna-server people list` has everybody")
        }
        guard found.count == 1 else {
            let ids = found.map { "\($0.principal.person) (\($0.principal.provider))" }.joined(separator: ", ")
            throw AdministrationFailure(
                explanation: "\(name.prefix(80)) is \(found.count) people; give the id of one: \(ids)")
        }
        return person
    }

    private func group(
        _ text: String, _ questions: AccessQuestions, mayBeNew: Bool = false
    ) throws -> GroupName {
        let name = text.hasPrefix("group:") ? String(text.dropFirst(6)) : text
        guard let group = GroupName(name) else {
            throw AdministrationFailure(explanation: "\"\(name.prefix(80))\" cannot be a group's name")
        }
        let isNamed = questions.policy.rules.contains { $0.sources.contains(.group(group)) }
        let isKnown =
            mayBeNew || isNamed || questions.policy.localGroups.definitions[group] != nil
            || questions.people.contains { $0.principal.groups.contains(group) }
        guard isKnown else {
            throw AdministrationFailure(
                explanation: "no identity provider, directory or policy knows a group \(name.prefix(80))")
        }
        return group
    }

    private func service(_ members: JSONMembers) throws -> Service? {
        guard let text = try members.optionalString("service") else { return nil }
        do { return try Service(parsing: text) } catch {
            throw AdministrationFailure(explanation: "\(error)")
        }
    }

    private static func json(_ reach: AccessQuestions.Reach, ofPerson: Bool) -> JSON {
        var row: [String: JSON] = [
            "services": .array(reach.services.map { .string($0.text) }),
            "through": .array(reach.chain.texts.map { .string($0) }), "rule": .string(reach.rule.text),
            "now": .bool(reach.holdsNow), "devices": .array(reach.devices.map(json)),
        ]
        row[ofPerson ? "person" : "destination"] = .string(ofPerson ? reach.person : reach.destination.text)
        let words = reach.conditions.words
        if !words.isEmpty { row["when"] = .string(words) }
        row["ends_at"] = reach.endsAt.map { .integer($0) }
        return .object(row)
    }

    private static func json(_ standing: AccessQuestions.Standing) -> JSON {
        var members: [String: JSON] = ["host": .string(standing.host.text), "now": .bool(standing.holds)]
        members["ends_at"] = standing.endsAt.map { .integer($0) }
        if standing.isSignedOut {
            members["reason"] = "signed out"
        } else if !standing.failures.isEmpty {
            members["reason"] = .string(standing.failures.map(\.description).joined(separator: "; "))
        }
        return .object(members)
    }

    private static func json(_ change: AccessChange) -> JSON {
        var members: [String: JSON] = [
            "person": .string(change.person), "destination": .string(change.destination.text),
            "services": .array(change.services.map { .string($0) }), "rule": .string(change.rule.text),
        ]
        let words = change.conditions.words
        if !words.isEmpty { members["when"] = .string(words) }
        return .object(members)
    }

    private static func json(_ answer: WhyAnswer) -> JSON {
        let path = answer.path
        var members: [String: JSON] = [
            "allowed": .bool(path.isAllowed), "source": end(path.source.host, path.source.label),
            "destination": end(path.destination.host, answer.isUnknown ? nil : path.destination.label),
            "explanation": .string(path.decision.explanation), "step_up": .bool(path.isCuredByStepUp),
            "grants": .array(
                path.grants.map { grant in
                    var row: [String: JSON] = [
                        "service": .string(grant.service.text), "rule": .string(grant.rule.text),
                    ]
                    row["ends_at"] = grant.endsAt.map { .integer($0) }
                    return .object(row)
                }),
            "near": .array(path.near.map { near($0, now: answer.now) } + (answer.isUnknown ? [absent] : [])),
        ]
        if let chain = path.chain, let rule = path.decision.rule {
            members["chain"] = .array((chain.texts + ["rule \(rule)"]).map { .string($0) })
            members["rule"] = .string(rule.text)
        }
        members["service"] = path.service.map { .string($0.text) }
        members["ends_at"] = path.endsAt.map { .integer($0) }
        members["opens_at"] = path.opensAt.map { .integer($0) }
        return .object(members)
    }

    private static func near(_ miss: NearMiss, now: Int) -> JSON {
        var row: [String: JSON] = ["reason": .string(miss.reason(now: now))]
        row["rule"] = miss.rule.map { .string($0.text) }
        row["remedy"] = miss.remedy.map { .string($0) }
        return .object(row)
    }

    private static var absent: JSON {
        ["reason": "there may be no such device", "remedy": "`ztna peers` lists those that you may know."]
    }

    private static func end(_ host: HostName, _ person: String?) -> JSON {
        var members: [String: JSON] = ["host": .string(host.text)]
        members["person"] = person.map { .string($0) }
        return .object(members)
    }
}
