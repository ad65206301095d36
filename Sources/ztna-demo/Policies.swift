/// The two policies of the demo. Carol's device carries the tag `studio`.
enum Policies {
    static let allowedPort: UInt16 = 8080
    static let otherPort: UInt16 = 9090
    static let tag = "studio"

    /// Interns may use another port of that device.
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
        tests:
          - { from: "group:engineering", to: "tag:studio", on: tcp/8080, expect: allow }
          - { from: "group:interns", to: "tag:studio", on: tcp/9090, expect: allow }
          - { from: "group:interns", to: "tag:studio", on: tcp/8080, expect: deny }
          - { from: "group:contractors", to: "group:engineering", on: any, expect: deny }

        """

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
