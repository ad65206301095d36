/// The two policies of the demo. Carol's device carries the tag `studio`; bob is an intern and of the staff.
enum Policies {
    static let allowedPort: UInt16 = 8080
    static let otherPort: UInt16 = 9090
    static let staffPort: UInt16 = 7070
    static let tag = "studio"

    /// Interns may use another port of that device, and the staff a third.
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
