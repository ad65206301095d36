/// HOST, HOST:PORT or HOST:PROTOCOL/PORT, as `why` and `who-can-reach` take it.
package struct PlaceArgument: Hashable, Sendable {
    package let host: String
    /// "tcp/22"; nil: any.
    package let service: String?

    /// Nil when it is neither. An address with several colons is a host without a port, in brackets or not.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 300 else { return nil }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            guard let service = rest.isEmpty ? .some(nil) : Self.service(rest.dropFirst()) else { return nil }
            self.service = service
        } else if text.split(separator: ":", omittingEmptySubsequences: false).count == 2,
            let colon = text.firstIndex(of: ":")
        {
            host = String(text[..<colon])
            guard let service = Self.service(text[text.index(after: colon)...]) else { return nil }
            self.service = service
        } else {
            host = text
            service = nil
        }
        guard !host.isEmpty else { return nil }
    }

    /// "22" is TCP. The outer nil: it is no service.
    private static func service(_ text: Substring) -> String?? {
        if let port = UInt16(text), port > 0 { return .some("tcp/\(port)") }
        guard text.contains("/") || text == "icmp", !text.contains(where: \.isWhitespace) else { return .none }
        return .some(String(text))
    }
}
