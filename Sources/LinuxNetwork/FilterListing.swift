internal import NetworkAddresses
internal import StrictJSON

/// What nft says about one of our tables: its rules in nft's own canonical form, and its sets' members.
struct FilterListing {
    /// Table, sets (without members), chains and rules in order, without handles and with the table's name left out.
    let structure: [JSON]

    init(parsing bytes: [UInt8], table: String) throws(LinuxNetworkError) {
        structure = try Self.objects(bytes).compactMap { object in
            guard !object.keys.contains("metainfo") else { return nil }
            return .object(object.mapValues { Self.canonical($0, table: table) })
        }
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

    private static func objects(_ bytes: [UInt8]) throws(LinuxNetworkError) -> [[String: JSON]] {
        guard let list = try? JSON(parsing: bytes, maximumBytes: 256 << 20).objectValue?["nftables"]?.arrayValue else {
            throw .malformedReply("nft listing")
        }
        return list.compactMap(\.objectValue)
    }

    private static func canonical(_ json: JSON, table: String) -> JSON {
        guard var members = json.objectValue else { return json }
        members["handle"] = nil
        if members["table"] == .string(table) { members["table"] = nil }
        if members["name"] == .string(table) { members["name"] = nil }
        return .object(members)
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
