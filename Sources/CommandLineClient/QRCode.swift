internal import CQREncode

/// A QR code as text: two modules to a character, by half blocks, with the quiet zone that scanners need.
///
/// Source: ISO/IEC 18004 §5.3.8 (quiet zone of four modules). This is the only file that knows libqrencode.
package struct QRCode: Hashable, Sendable {
    package static let maximumBytes = 512
    /// Modules on a side.
    package let side: Int
    private let dark: [Bool]

    /// Nil when `text` is too long or holds a NUL.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumBytes, !text.utf8.contains(0),
            let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M)
        else { return nil }
        defer { QRcode_free(code) }
        let side = Int(code.pointee.width)
        guard side > 0, let modules = code.pointee.data else { return nil }
        self.side = side
        dark = (0..<side * side).map { modules[$0] & 1 == 1 }
    }

    /// Whether the module is dark; the quiet zone and everything beyond is light.
    package func isDark(row: Int, column: Int) -> Bool {
        (0..<side).contains(row) && (0..<side).contains(column) && dark[row * side + column]
    }

    /// With colours: black on white, whatever the terminal's own are. Without: the light modules are drawn, which is right
    /// on a dark terminal; on a light one the code is inverted, which phones read too.
    package func lines(style: TextStyle) -> [String] {
        stride(from: -4, to: side + 4, by: 2).map { row in
            let blocks = (-4..<side + 4).map { column -> Character in
                let upper = isDark(row: row, column: column) == style.colours
                let lower = isDark(row: row + 1, column: column) == style.colours
                return switch (upper, lower) {
                case (true, true): "█"
                case (true, false): "▀"
                case (false, true): "▄"
                case (false, false): " "
                }
            }
            let line = String(blocks)
            return style.colours ? "\u{1B}[38;5;16;48;5;231m" + line + "\u{1B}[0m" : line
        }
    }
}
