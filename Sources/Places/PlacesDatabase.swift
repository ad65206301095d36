internal import AccessPolicy
internal import CMaxMindDB
internal import Glibc
internal import NetworkAddresses

/// One open MaxMind DB, in a copy of our own that is mapped into memory: whatever becomes of the file, nothing mapped shrinks.
///
/// The library finds the record of an address; the record itself is read by `DataSection`. Nothing changes once it is open,
/// so that any thread may ask.
struct PlacesDatabase: ~Copyable, @unchecked Sendable {
    /// The largest databases of cities have about a tenth of it.
    static let maximumBytes = 1 << 30
    /// Nodes of the tree that are looked at for one record with a country.
    private static let probedNodes: UInt32 = 20_000
    private static let metadataMarker: [UInt8] = [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
    private static let metadataLimit = 128 * 1024

    private var handle: MMDB_s

    /// Takes no ownership of the descriptor.
    init(descriptor: Int32) throws(PlacesError) {
        let copy = try Self.copied(descriptor)
        defer { close(copy) }
        try Self.checkMetadata(copy)
        var handle = MMDB_s()
        let result = MMDB_open("/proc/self/fd/\(copy)", UInt32(MMDB_MODE_MMAP), &handle)
        guard result == MMDB_SUCCESS else {
            throw .malformed(MMDB_strerror(result).map { String(cString: $0) } ?? "error \(result)")
        }
        guard Self.tellsCountries(&handle) else {
            let type = handle.metadata.database_type.map { String(cString: $0) } ?? ""
            MMDB_close(&handle)
            throw .withoutCountries(type)
        }
        self.handle = handle
    }

    deinit {
        var handle = handle
        MMDB_close(&handle)
    }

    func country(of address: IPAddress) -> CountryCode? {
        var error: Int32 = 0
        var handle = handle
        let found: MMDB_lookup_result_s
        switch address {
        case .v4(let number):
            var socket = sockaddr_in()
            socket.sin_family = sa_family_t(AF_INET)
            socket.sin_addr.s_addr = number.bigEndian
            found = withUnsafeBytes(of: &socket) { bytes in Self.look(up: bytes, in: &handle, &error) }
        case .v6(let high, let low):
            var socket = sockaddr_in6()
            socket.sin6_family = sa_family_t(AF_INET6)
            withUnsafeMutableBytes(of: &socket.sin6_addr) { bytes in
                bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            found = withUnsafeBytes(of: &socket) { bytes in Self.look(up: bytes, in: &handle, &error) }
        }
        guard error == MMDB_SUCCESS, found.found_entry else { return nil }
        return Self.country(at: found.entry.offset, in: handle)
    }

    private static func look(
        up socket: UnsafeRawBufferPointer, in handle: inout MMDB_s, _ error: inout Int32
    ) -> MMDB_lookup_result_s {
        guard let base = socket.baseAddress else { return MMDB_lookup_result_s() }
        return MMDB_lookup_sockaddr(&handle, base.assumingMemoryBound(to: sockaddr.self), &error)
    }

    /// GeoLite2, GeoIP2 and DB-IP say `country.iso_code`; IPinfo `country_code` or a bare `country`.
    private static func country(at offset: UInt32, in handle: MMDB_s) -> CountryCode? {
        let data = DataSection(
            bytes: UnsafeBufferPointer(start: handle.data_section, count: Int(handle.data_section_size)))
        for path in [["country", "iso_code"], ["country_code"], ["country"]] {
            if let country = data.text(at: Int(offset), path).flatMap({ CountryCode($0) }) { return country }
        }
        return nil
    }

    /// Looks for one record with a country, from the tree's root on.
    private static func tellsCountries(_ handle: inout MMDB_s) -> Bool {
        for number in 0..<min(handle.metadata.node_count, probedNodes) {
            var node = MMDB_search_node_s()
            guard MMDB_read_node(&handle, number, &node) == MMDB_SUCCESS else { return false }
            let records = [
                (node.left_record_type, node.left_record_entry), (node.right_record_type, node.right_record_entry),
            ]
            for (type, entry) in records where type == UInt8(MMDB_RECORD_TYPE_DATA) {
                if country(at: entry.offset, in: handle) != nil { return true }
            }
        }
        return false
    }

    /// The library reads metadata by recursion, so what is nested deeper than any real one is refused here.
    private static func checkMetadata(_ descriptor: Int32) throws(PlacesError) {
        let size = lseek(descriptor, 0, SEEK_END)
        var tail = [UInt8](repeating: 0, count: min(size, metadataLimit))
        let count = tail.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, size - $0.count) }
        guard count == tail.count, let begin = lastMarker(in: tail) else { throw .malformed("it has no metadata") }
        let isWhole = tail[begin...].withUnsafeBufferPointer { DataSection(bytes: $0).isWhole(at: 0) }
        guard isWhole else { throw .malformed("its metadata is cut off or too large") }
    }

    /// Where the metadata begins.
    private static func lastMarker(in bytes: [UInt8]) -> Int? {
        var start = bytes.count - metadataMarker.count
        while start >= 0 {
            if bytes[start..<start + metadataMarker.count].elementsEqual(metadataMarker) {
                return start + metadataMarker.count
            }
            start -= 1
        }
        return nil
    }

    /// The file's bytes in anonymous memory.
    private static func copied(_ descriptor: Int32) throws(PlacesError) -> Int32 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(String(cString: strerror(errno))) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable("it is not a file") }
        guard status.st_size <= maximumBytes else { throw .tooLarge(bytes: Int(status.st_size)) }
        let copy = memfd_create("places", ztna_MFD_CLOEXEC)
        guard copy >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
        var offset: off_t = 0
        while offset < maximumBytes {
            let count = sendfile(copy, descriptor, &offset, 1 << 24)
            if count == 0 { return copy }
            guard count > 0 else {
                let reason = String(cString: strerror(errno))
                close(copy)
                throw .unreadable(reason)
            }
        }
        close(copy)
        throw .tooLarge(bytes: Int(offset))
    }
}
