internal import Audit
internal import Identity
internal import Sessions

/// How much evidence devices may report, so that theirs does not push out what the log was to keep.
///
/// The log is one chain that loses its beginning, whatever that is evidence of; so what comes in is bounded. Of one device,
/// of all devices of one person and of all devices there may come, at once, 1/16, 1/8 and 1/4 of the log, and twice as
/// much in each 30 days (or the time that records are kept, where that is shorter). So connection records of 30 days take at
/// most three quarters of the log.
struct IntakeLimit: Sendable {
    static let protectedSeconds = 30 * 86_400
    /// An operator who makes room is not to wait for longer, in seconds.
    static let longestWait = 600
    /// Above what the largest batch is taken for. Shares of a log that is smaller than any real one are no smaller.
    private static let leastBurst = 2 << 20
    /// What a record takes beside what the device says of it, about: what we know of the device, and the JSON around it.
    private static let recordBytes = 512

    /// 600 batches at once, as after days without a server; then one a second, which is 1,000 records.
    private var batches = KeyedRateLimit(burst: 600, secondsPerToken: 1)
    private var devices: KeyedRateLimit
    private var people: KeyedRateLimit
    private var everyone: TokenBucket
    /// Which of them the operator has been told to be at its limit.
    private var told = KeyedRateLimit(burst: 1, secondsPerToken: 3600, capacity: 100)

    init(_ configuration: AuditConfiguration) {
        let bytes = configuration.maximumBytes
        let seconds = Double(max(1, min(configuration.lifetime, Self.protectedSeconds)))
        func share(_ part: Int) -> (burst: Int, secondsPerToken: Double) {
            (max(bytes / part, Self.leastBurst), seconds * Double(part) / 2 / Double(max(bytes, 1)))
        }
        let (device, person, all) = (share(16), share(8), share(4))
        devices = KeyedRateLimit(burst: device.burst, secondsPerToken: device.secondsPerToken)
        people = KeyedRateLimit(burst: person.burst, secondsPerToken: person.secondsPerToken)
        everyone = TokenBucket(burst: all.burst, secondsPerToken: all.secondsPerToken, now: 0)
    }

    /// What a batch is taken for until it is stored, in bytes.
    static func estimate(bytes: Int, records: Int) -> Int { bytes + (records + 2) * recordBytes }

    /// Whether a batch may be read. Errors: `tooMany`.
    mutating func begin(_ reporter: AttemptReporter, now: Int) throws(IntakeRefusal) {
        if let wait = batches.take(reporter.device.thumbprint, now: now) {
            throw .tooMany(from: .device, retryAfter: wait)
        }
    }

    /// Takes room for so many bytes, of all three or of none. Errors: `tooMany`.
    mutating func take(_ bytes: Int, from reporter: AttemptReporter, now: Int) throws(IntakeRefusal) {
        let (device, person, count) = (reporter.device.thumbprint, reporter.person.text, Double(bytes))
        func refusal(_ bound: IntakeBound, _ wait: Int) -> IntakeRefusal {
            .tooMany(from: bound, retryAfter: min(wait, Self.longestWait))
        }
        if let wait = devices.take(device, count, now: now) { throw refusal(.device, wait) }
        if let wait = people.take(person, count, now: now) {
            devices.correct(device, by: count)
            throw refusal(.person, wait)
        }
        if let wait = everyone.take(count, now: now) {
            devices.correct(device, by: count)
            people.correct(person, by: count)
            throw refusal(.everyone, wait)
        }
    }

    /// Once it is known how much it was: returns what was taken too much, or takes what is missing, into debt.
    mutating func settle(taken: Int, stored: Int, from reporter: AttemptReporter) {
        let difference = Double(taken - stored)
        devices.correct(reporter.device.thumbprint, by: difference)
        people.correct(reporter.person.text, by: difference)
        everyone.correct(by: difference)
    }

    /// True once an hour for each device, each person and all together, and at most for a hundred an hour.
    mutating func isToBeTold(_ bound: IntakeBound, of reporter: AttemptReporter, now: Int) -> Bool {
        let key =
            switch bound {
            case .device: "device " + reporter.device.thumbprint
            case .person: "person " + reporter.person.text
            case .everyone: "everyone"
            }
        return told.take(key, now: now) == nil
    }
}
