import SCIM
import StrictJSON
import Testing

private let alice: [String: JSON] = [
    "id": "2819c223", "userName": "bJensen", "externalId": "Ext-1", "active": true, "title": "Tour Guide",
    "userType": "Employee", "displayName": "Ünïcode Jensen",
    "name": ["familyName": "O'Malley", "givenName": "Barbara"],
    "emails": [
        ["value": "bjensen@example.com", "type": "work", "primary": true],
        ["value": "babs@jensen.org", "type": "home"],
    ],
    "meta": ["lastModified": "2026-05-13T04:42:34Z", "resourceType": "User"],
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": ["employeeNumber": "701984", "department": "Tours"],
]

@Suite struct `A filter` {
    @Test(arguments: [
        // Operators and case rules.
        (#"userName eq "bjensen""#, true), (#"USERNAME Eq "BJENSEN""#, true), (#"userName ne "bjensen""#, false),
        (#"externalId eq "Ext-1""#, true), (#"externalId eq "ext-1""#, false), (#"id eq "2819C223""#, false),
        (#"name.familyName co "O'Malley""#, true), (#"name.familyName co "o'mal""#, true),
        (#"userName sw "BJ""#, true), (#"userName ew "sen""#, true), (#"userName ew "sens""#, false),
        (#"userName gt "a""#, true), (#"userName ge "bjensen""#, true), (#"userName lt "bjensen""#, false),
        (#"userName le "bjensen""#, true), (#"userName co """#, true), (#"displayName sw "üNÏ""#, true),
        // Presence and null.
        ("title pr", true), ("nickName pr", false), ("emails pr", true), ("emails.type pr", true), ("name pr", true),
        ("nickName eq null", true), ("title ne null", true), ("title eq null", false), (#"nickName ne "x""#, true),
        // Booleans and times.
        ("active eq true", true), (#"active eq "True""#, true), ("active eq FALSE", false), ("active ne false", true),
        (#"meta.lastModified gt "2011-05-13T04:42:34Z""#, true),
        (#"meta.lastModified eq "2026-05-13T06:42:34.000+02:00""#, true),
        (#"meta.lastModified lt "2026-05-13T04:42:34Z""#, false),
        // Multi-valued and complex attributes, value paths.
        (#"emails co "example.com""#, true), (#"emails.value ew "JENSEN.ORG""#, true), (#"emails eq "nobody""#, false),
        (#"emails[type eq "work" and value co "@example.com"]"#, true),
        (#"emails[type eq "home" and value co "@example.com"]"#, false),
        (#"emails[type eq "work" or (type eq "home" and value ew "x")]"#, true),
        (#"emails[not (type eq "work")]"#, true), (#"emails[primary eq true]"#, true),
        (#"emails[type eq "work"].value eq "BJENSEN@example.com""#, true),
        (#"emails[type eq "home"].value eq "bjensen@example.com""#, false),
        (#"emails[type eq "work"].display pr"#, false),
        (#"emails.type eq "home" and emails.value co "example""#, true),
        // Precedence: not, then and, then or.
        (#"title pr and userType eq "Employee""#, true), (#"title pr or userType eq "Intern""#, true),
        (#"userType eq "x" and userType eq "y" or title pr"#, true),
        (#"title pr or userType eq "x" and userType eq "y""#, true),
        (#"(title pr or userType eq "x") and userType eq "y""#, false),
        (#"not (title pr) or userName pr"#, true), (#"not(title pr) and userName pr"#, false),
        (#"not (not (title pr))"#, true), (#"  title   pr  AND  active eq true"#, true),
        (#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#, false),
        // URIs before names, extensions with and without.
        (#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "b""#, true),
        (#"URN:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq "701984""#, true),
        (#"department eq "tours""#, true),
        (#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#, true),
        // Literals.
        (#"userName eq "bjen\u0073en""#, true), (#"title eq "a \" quoted""#, false),
        (#"title eq "Tour) Guide""#, false),
    ])
    func `decides`(_ text: String, _ expected: Bool) throws {
        #expect(try Filter(parsing: text, for: .user).matches(alice) == expected)
    }

    @Test(arguments: [
        "", " ", "userName", "userName eq", "userName eq ", #"userName xx "a""#, #"userName eq "a"#, "userName eq a",
        "userName eq 5", "active eq 1", #"active gt true"#, #"active co "tr""#, #"x509Certificates gt "a""#,
        #"meta.lastModified gt "yesterday""#, #"meta.lastModified co "2011-05-13T04:42:34Z""#, "title gt null",
        #"name eq "x""#, #"nosuch eq "x""#, #"name.nosuch eq "x""#, #"urn:no:such:attr eq "x""#, "(title pr",
        "title pr)",
        "title pr and", "and title pr", "title pr title pr", "not title pr", #"emails[type eq "work""#, "emails[]",
        #"emails[nosuch eq "x"]"#, #"emails[type pr].nosuch pr"#, #"emails[type pr]."#, #"emails[type pr].value"#,
        #"emails[emails[type eq "x"]]"#, #"userName[value eq "x"]"#,
        #"emails.value[type pr]"#,
        #"userName eq"x""#, "userName eq {}", "userName eq [1]", #"userName eq "\q""#, "userName eq \"a\u{1}b\"",
        "\u{0}",
    ])
    func `that is not one is refused`(_ text: String) {
        do {
            _ = try Filter(parsing: text, for: .user)
            Issue.record("accepted \(text)")
        } catch {
            #expect(error.scimType == .invalidFilter)
            #expect(error.status == 400)
            #expect(error.detail.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        }
    }

    @Test(arguments: [25, 1000, 400_000])
    func `of too many parentheses is refused`(_ depth: Int) {
        let text = String(repeating: "(", count: depth) + "title pr" + String(repeating: ")", count: depth)
        #expect(throws: SCIMError.self) { try Filter(parsing: text, for: .user) }
    }

    @Test func `may be 24 deep and have 256 comparisons, not more`() throws {
        let deep = String(repeating: "(", count: 24) + "title pr" + String(repeating: ")", count: 24)
        #expect(try Filter(parsing: deep, for: .user).matches(alice))
        let long = Array(repeating: "title pr", count: 256).joined(separator: " and ")
        #expect(try Filter(parsing: long, for: .user).matches(alice))
        #expect(throws: SCIMError.self) { try Filter(parsing: long + " and title pr", for: .user) }
    }

    @Test(arguments: [
        (#"userName eq "BJensen""#, FilterPlan.Lookup.userName(folded: "bjensen"), true),
        (#"externalId eq "A""#, .externalId("A"), true), (#"id eq "x""#, .id("x"), true),
        (#"displayName eq "Ü""#, .displayName(folded: "ü"), true),
        (#"emails.value eq "A@b""#, .email(folded: "a@b"), true),
        (#"emails[value eq "A@b"]"#, .email(folded: "a@b"), true), (#"emails eq "A@b""#, .email(folded: "a@b"), true),
        ("active eq false", .active(false), true),
        (#"emails[type eq "work"].value eq "A@b""#, .email(folded: "a@b"), false),
        (#"groups.value eq "g""#, .memberOf(groupID: "g"), true),
        (#"active eq true and userName eq "a" and title pr"#, .userName(folded: "a"), false),
        (#"(active eq true)"#, .active(true), true), (#"userName eq "a" or title pr"#, nil, false),
        (#"userName sw "a""#, nil, false), (#"not (userName eq "a")"#, nil, false),
        (#"emails.type eq "work""#, nil, false),
    ])
    func `is planned for an index`(_ text: String, _ lookup: FilterPlan.Lookup?, _ isWhole: Bool) throws {
        let plan = FilterPlan(try Filter(parsing: text, for: .user), for: .user)
        #expect(plan.lookup == lookup)
        #expect((plan.rest == nil) == isWhole)
    }

    @Test(arguments: [#"members.value eq "u""#, #"members eq "u""#, #"members[value eq "u"]"#])
    func `finds a user's groups by an index`(_ text: String) throws {
        let plan = FilterPlan(try Filter(parsing: text, for: .group), for: .group)
        #expect(plan.lookup == .member(userID: "u") && plan.rest == nil)
    }
}

@Suite struct `A timestamp` {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59.999Z", 951_868_799_999), ("1969-12-31T23:59:59.5Z", -500),
        ("2026-01-01T01:00:00+01:00", 1_767_225_600_000), ("2026-01-01T00:00:00", 1_767_225_600_000),
        ("2026-01-01T00:00:00.123456789Z", 1_767_225_600_123), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ])
    func `is read`(_ text: String, _ milliseconds: Int) {
        #expect(Timestamp(parsing: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [0, 951_868_799_999, -500, 1_767_225_600_123, -62_135_596_800_000])
    func `is written as it is read`(_ milliseconds: Int) {
        #expect(Timestamp(parsing: Timestamp(milliseconds: milliseconds).text)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1",
        "x",
    ])
    func `is refused`(_ text: String) { #expect(Timestamp(parsing: text) == nil) }
}
