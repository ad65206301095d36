import SAML
import StrictJSON

/// One SAML connection as a person reads it: a row of `saml list`, the page of `saml show`.
struct SAMLConnectionText {
    private let connection: JSON

    init(_ connection: JSON) { self.connection = connection }

    static var columns: [String] { ["id", "name", "entity_id", "certificate_until", "metadata_age"] }

    var row: JSON {
        let ends = certificates(of: "theirs").compactMap { $0["not_after"]?.integerValue }
        return [
            "id": connection["id"] ?? .null, "name": connection["name"] ?? .null,
            "entity_id": connection["theirs"]?["entity_id"] ?? connection["fault"] ?? .null,
            "certificate_until": ends.max().map { .string(Self.date($0)) } ?? .null,
            "metadata_age": connection["age"]?.integerValue.map { .string(Self.age($0)) } ?? .null,
        ]
    }

    var page: String {
        let head = "\(text("name")) (\(text("id")))\n\nTo paste into the identity provider\n"
        let ours = lines([
            ("Entity ID", [text("ours", "entity_id")]), ("ACS URL", [text("ours", "acs_url") + " (HTTP-POST)"]),
            ("Logout URL", [text("ours", "slo_url") + " (HTTP-Redirect, HTTP-POST)"]),
            ("Metadata", [text("ours", "entity_id")]),
            ("Certificate", connection["ours"]?["certificate"].map(Self.certificate) ?? ["none"]),
        ])
        return head + ours + "\nThe identity provider\n" + theirs
    }

    private var theirs: String {
        let source = text("source")
        if let fault = connection["fault"] {
            return lines([("Metadata", [source]), ("Failed at", [ControlOptions.text(fault)])])
        }
        let theirs = connection["theirs"] ?? .null
        let until = theirs["valid_until"]?.integerValue.map { ", valid until \(Self.date($0))" } ?? ""
        let age = connection["age"]?.integerValue.map { ", read \(Self.age($0)) ago" } ?? ""
        return lines([
            ("Entity ID", [text("theirs", "entity_id")]), ("Sign-on", Self.endpoints(theirs["sign_on"])),
            ("Logout", Self.endpoints(theirs["logout"])),
            ("Certificate", certificates(of: "theirs").flatMap(Self.certificate)),
            ("Metadata", [source + age + until]),
            ("Notes", (theirs["notes"]?.arrayValue ?? []).map(ControlOptions.text)),
        ])
    }

    private func certificates(of side: String) -> [JSON] { connection[side]?["certificates"]?.arrayValue ?? [] }

    /// Text from outside: control characters never reach the terminal.
    private func text(_ path: String...) -> String {
        var value = connection
        for name in path { value = value[name] ?? .null }
        return ControlOptions.text(value)
    }

    private func lines(_ parts: [(String, [String])]) -> String {
        parts.flatMap { name, texts in
            texts.enumerated().map { index, text in
                let label = index == 0 ? name : ""
                return "  \(label)\(String(repeating: " ", count: 13 - label.count))\(text)\n"
            }
        }.joined()
    }

    private static func endpoints(_ endpoints: JSON?) -> [String] {
        let texts = (endpoints?.arrayValue ?? []).map { endpoint in
            "\(ControlOptions.text(endpoint["url"] ?? .null)) (\(ControlOptions.text(endpoint["binding"] ?? .null)))"
        }
        return texts.isEmpty ? ["none"] : texts
    }

    private static func certificate(_ certificate: JSON) -> [String] {
        let text = { (name: String) in ControlOptions.text(certificate[name] ?? .null) }
        let until = certificate["not_after"]?.integerValue.map(date) ?? "-"
        return ["\(text("subject")), \(text("key")), until \(until)", "SHA-256 \(text("sha256"))"]
    }

    /// `2036-11-18`, in UTC.
    private static func date(_ seconds: Int) -> String { String(SAMLTime.format(seconds).prefix(10)) }

    private static func age(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) days"
        }
    }
}

extension JSON {
    fileprivate subscript(_ name: String) -> JSON? { objectValue?[name] }
}
