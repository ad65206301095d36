import Agent
import ArgumentParser
import Glibc
import LinuxNetwork

/// What this machine says about itself.
enum Machine {
    static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "device" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty ? "device" : name
    }

    /// PRETTY_NAME of /etc/os-release, else the kernel's name. Source: os-release(5).
    static var operatingSystem: String {
        guard let file = fopen("/etc/os-release", "re") else { return "Linux" }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&buffer, 1, buffer.count, file)
        let lines = String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("PRETTY_NAME=") }) else { return "Linux" }
        let name = line.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" && $0 != "'" }
        return String(
            String(name).unicodeScalars.filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }.prefix(100)
                .map(Character.init))
    }
}

enum WallClock {
    /// Whole seconds since the epoch. Not time(2), which may be some milliseconds late.
    static func now() -> Int { nanoseconds(CLOCK_REALTIME) / 1_000_000_000 }

    static func reading() -> ClockReading {
        ClockReading(
            realTime: nanoseconds(CLOCK_REALTIME), monotonic: nanoseconds(CLOCK_MONOTONIC),
            bootTime: nanoseconds(CLOCK_BOOTTIME))
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

/// A user by name or number.
enum UserNumber {
    static func of(_ text: String) throws -> UInt32 {
        if let number = UInt32(text) { return number }
        guard let entry = getpwnam(text) else {
            throw ValidationError("--operator \(text): there is no such user.")
        }
        return entry.pointee.pw_uid
    }
}
