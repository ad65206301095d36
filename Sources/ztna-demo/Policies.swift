/// The two policies of the demo. Carol's device carries the tag `studio`; bob is an intern and of the staff.
enum Policies {
    static let allowedPort: UInt16 = 8080
    static let otherPort: UInt16 = 9090
    static let staffPort: UInt16 = 7070
    static let vaultPort: UInt16 = 5432
    static let briefPort: UInt16 = 6060
    static let tag = "studio"

    /// Interns may use another port of that device, the staff a third, and a fourth with a recent second factor.
    static let first = """
        rules:
          - name: engineering-to-studio
            source: group:engineering
            destination: tag:studio
            allow: tcp/8080
          - name: interns-to-studio-wiki
            source: group:interns
            destination: tag:studio
            allow: tcp/9090
          - name: staff-to-studio-clock
            source: group:staff
            destination: tag:studio
            allow: tcp/7070
          - name: staff-to-studio-vault
            source: group:staff
            destination: tag:studio
            allow: tcp/5432
            when: { mfa: 1h }
        tests:
          - { from: "group:engineering", to: "tag:studio", on: tcp/8080, expect: allow }
          - { from: "group:interns", to: "tag:studio", on: tcp/9090, expect: allow }
          - { from: "group:interns", to: "tag:studio", on: tcp/8080, expect: deny }
          - { from: "group:contractors", to: "group:engineering", on: any, expect: deny }

        """

    /// The staff may use a port until that moment (RFC 3339).
    static func brief(until moment: String) -> String {
        """
        rules:
          - name: staff-to-studio-for-a-moment
            source: group:staff
            destination: tag:studio
            allow: tcp/6060
            when: { until: "\(moment)" }

        """
    }

    /// Interns may use nothing.
    static let second = """
        rules:
          - name: engineering-to-studio
            source: group:engineering
            destination: tag:studio
            allow: tcp/8080
        tests:
          - { from: "group:engineering", to: "tag:studio", on: tcp/8080, expect: allow }
          - { from: "group:interns", to: "tag:studio", on: any, expect: deny }

        """
}
