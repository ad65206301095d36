internal import NetworkAddresses
internal import StrictJSON

/// What nft says about one of our tables.
enum FilterListing {
    /// The rules of a table as nft lists them, but for the table's name and the flag that makes the canonical one dormant.
    static func rules(_ bytes: [UInt8], of table: String) -> [String] {
        // Newer versions say after a "#" how many members a set has.
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            let rule = line.prefix { $0 != "#" }
            return String(
                rule.prefix(upTo: rule.lastIndex { !$0.isWhitespace }.map(rule.index(after:)) ?? rule.startIndex))
        }
        guard lines.first == "table inet \(table) {" else { return lines }
        lines.removeFirst()
        if table == FilterScript.canonicalTable, lines.first == "\tflags dormant" { lines.removeFirst() }
        return lines
    }

    /// A set's members by key; the value is the whole seconds that remain, nil for a member without timeout.
    static func members(parsing bytes: [UInt8]) throws(LinuxNetworkError) -> [String: Int?] {
        var found: [String: Int?] = [:]
        for object in try objects(bytes) {
            for member in object["set"]?.objectValue?["elem"]?.arrayValue ?? [] {
                let element = member.objectValue?["elem"]?.objectValue
                guard let key = key(element?["val"] ?? member) else { throw .malformedReply("nft set member") }
                found.updateValue(element?["expires"]?.integerValue, forKey: key)
            }
        }
        return found
    }

    /// What the one counter of a listing has counted.
    static func packets(parsing bytes: [UInt8]) throws(LinuxNetworkError) -> Int {
        for object in try objects(bytes) {
            if let packets = object["counter"]?.objectValue?["packets"]?.integerValue { return packets }
        }
        throw .malformedReply("nft counter")
    }

    private static func objects(_ bytes: [UInt8]) throws(LinuxNetworkError) -> [[String: JSON]] {
        guard let list = try? JSON(parsing: bytes, maximumBytes: 256 << 20).objectValue?["nftables"]?.arrayValue else {
            throw .malformedReply("nft listing")
        }
        return list.compactMap(\.objectValue)
    }

    /// The key as `FilterElements` writes it: "a", "a . 6 . 22", "a . 6 . 22-80".
    private static func key(_ json: JSON) -> String? {
        if let parts = json.objectValue?["concat"]?.arrayValue {
            let texts = parts.compactMap(part)
            return texts.count == parts.count ? texts.joined(separator: " . ") : nil
        }
        return part(json)
    }

    private static func part(_ json: JSON) -> String? {
        switch json {
        // IPv6 text in our own canonical form, whatever the C library prefers.
        case .string(let text): IPAddress(text).map(\.description) ?? text
        case .integer(let number): "\(number)"
        case .object(let members):
            if let bounds = members["range"]?.arrayValue?.compactMap(part), bounds.count == 2 {
                bounds.joined(separator: "-")
            } else {
                nil
            }
        default: nil
        }
    }
}
