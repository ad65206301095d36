internal import Cryptography

/// The cookies of a sign-in: all `__Host-` (Secure, no domain, path "/"), HttpOnly, gone after an hour.
///
/// Source: RFC 6265 §4.2, RFC 6265bis §4.1.3.2 (`__Host-`). `SameSite=Lax`: the provider's redirect is a top-level GET.
enum SignInCookie: String, CaseIterable {
    /// Names this browser; everything a sign-in does is bound to its hash.
    case browser = "__Host-ztna-browser"
    /// The sign-in that this browser is in: an id, no secret.
    case signIn = "__Host-ztna-sign-in"
    /// The token of the address that the command opened itself: this browser is on the device.
    case local = "__Host-ztna-local"

    func value(in header: String?) -> String? {
        guard var header, header.utf8.count <= 8192 else { return nil }
        return header.withUTF8 { bytes in
            for pair in bytes.split(separator: UInt8(ascii: ";")) {
                let trimmed = pair.drop { $0 == UInt8(ascii: " ") }
                guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")),
                    trimmed[..<equals].elementsEqual(rawValue.utf8)
                else { continue }
                let value = trimmed[equals...].dropFirst()
                return (1...128).contains(value.count) ? String(decoding: value, as: UTF8.self) : nil
            }
            return nil
        }
    }

    /// What records hold of a browser's cookie.
    static func hash(_ cookie: String) -> [UInt8] { Digest.sha256(cookie) }

    func setting(_ value: String) -> String {
        "\(rawValue)=\(value); Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"
    }

    var clearing: String { "\(rawValue)=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax" }
}
