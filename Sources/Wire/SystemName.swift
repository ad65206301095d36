extension NodeRegistration {
    /// The name that a policy's `device` calls the registration's operating system by: "linux" for "Ubuntu 24.04.1 LTS".
    /// Nil when it is none that we know; then a rule for certain systems does not hold.
    package var systemName: String? { Self.systemName(of: operatingSystem) }

    /// Every name that `systemName` may be.
    package static var systemNames: Set<String> { Set(systems.map(\.name)) }

    /// By whole words, whatever their case; Android calls itself Linux, too, so the order counts.
    package static func systemName(of text: String) -> String? {
        let words = Set(
            text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.map(String.init))
        return systems.first { !$0.words.isDisjoint(with: words) }?.name
    }

    private static var systems: [(name: String, words: Set<String>)] {
        [
            ("windows", ["windows"]), ("macos", ["macos", "darwin", "osx", "mac"]), ("ios", ["ios", "ipados"]),
            ("android", ["android"]), ("chromeos", ["chromeos"]), ("freebsd", ["freebsd"]), ("openbsd", ["openbsd"]),
            ("netbsd", ["netbsd"]),
            (
                "linux",
                [
                    "linux", "debian", "ubuntu", "fedora", "rhel", "centos", "opensuse", "suse", "sles", "raspbian",
                    "nixos",
                    "manjaro", "archlinux", "alpine", "almalinux", "rocky", "endeavouros", "elementary", "kali",
                    "gentoo",
                    "mint", "pop", "zorin", "devuan", "guix", "slackware", "solus", "neon",
                ]
            ),
        ]
    }
}
