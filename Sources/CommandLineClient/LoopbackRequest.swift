/// A browser's request to the listener of `ztna login`, read as narrowly as can be.
///
/// Only `GET /?code=CODE` is one, by navigation, with this listener's own address as `Host`: so no other site's page can
/// reach it through a name of its own. Source: RFC 8252 §7.3, §8.3; RFC 9112 §3; Fetch Metadata (Sec-Fetch-*).
package enum LoopbackRequest {
    package static let maximumBytes = 8192

    /// The code of the request whose head these bytes are; nil for every other request.
    package static func code(inHead head: [UInt8], port: UInt16) -> String? {
        guard head.count <= maximumBytes, let text = String(validating: head, as: UTF8.self) else { return nil }
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)[...]
        guard let requestLine = lines.popFirst(), let code = code(inRequestLine: requestLine) else { return nil }
        var hosts: [String] = []
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let name = line[..<colon].lowercased()
            let value = trimmed(line[line.index(after: colon)...]).lowercased()
            switch name {
            case "host": hosts.append(value)
            case "sec-fetch-dest": if value != "document" { return nil }
            case "sec-fetch-mode": if value != "navigate" { return nil }
            case "content-length": if value != "0" { return nil }
            case "transfer-encoding": return nil
            default: break
            }
        }
        return hosts == ["127.0.0.1:\(port)"] || hosts == ["localhost:\(port)"] ? code : nil
    }

    private static func code(inRequestLine line: Substring) -> String? {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "GET", parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else { return nil }
        let prefix = "/?code="
        guard parts[1].hasPrefix(prefix) else { return nil }
        let code = parts[1].dropFirst(prefix.count)
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        guard (16...256).contains(code.utf8.count), code.utf8.allSatisfy(alphabet.contains) else { return nil }
        return String(code)
    }

    private static func trimmed(_ value: Substring) -> Substring {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        var value = value.drop(while: isSpace)
        while let last = value.last, isSpace(last) { value.removeLast() }
        return value
    }

    /// On to the server's last page: the code leaves the address bar and the history.
    package static func redirect(to location: String) -> [UInt8] {
        response("303 See Other", extra: "Location: \(location)\r\n", body: "Signed in. Go back to your terminal.\n")
    }

    package static let notFound = response("404 Not Found", extra: "", body: "Nothing is here.\n")

    private static func response(_ status: String, extra: String, body: String) -> [UInt8] {
        Array(
            ("HTTP/1.1 \(status)\r\n" + extra + "Content-Type: text/plain; charset=utf-8\r\n"
                + "Content-Length: \(body.utf8.count)\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
                + "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" + body).utf8)
    }
}
