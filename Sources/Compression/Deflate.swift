internal import CZlib

/// Raw DEFLATE, without a header or checksum, over whole byte strings.
///
/// Inflating stops at a limit that the caller sets, so that a small message cannot become a large one. Source: RFC 1951.
package enum Deflate {
    /// Nil only when memory is short.
    package static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        guard let count = UInt32(exactly: bytes.count),
            ztna_deflateInit2(&stream, Z_BEST_COMPRESSION, rawWindow) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(count))))
        let result = run(&stream, from: bytes, into: &output) { deflate(&$0, Z_FINISH) }
        return result == Z_STREAM_END ? Array(output.prefix(Int(stream.total_out))) : nil
    }

    /// Errors: `broken`; `tooLarge` past `limit` bytes.
    package static func decompress(_ bytes: [UInt8], limit: Int) throws(DeflateError) -> [UInt8] {
        var stream = z_stream()
        guard limit >= 0, UInt32(exactly: bytes.count) != nil, UInt32(exactly: limit) != nil,
            ztna_inflateInit2(&stream, rawWindow) == Z_OK
        else { throw .broken }
        defer { inflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: limit)
        let result = run(&stream, from: bytes, into: &output) { inflate(&$0, Z_FINISH) }
        if result == Z_BUF_ERROR, stream.avail_out == 0 { throw .tooLarge }
        guard result == Z_STREAM_END, stream.avail_in == 0 else { throw .broken }
        return Array(output.prefix(Int(stream.total_out)))
    }

    /// The largest window; negative means raw. Source: zlib's manual, inflateInit2.
    private static let rawWindow: Int32 = -15

    /// One call over all input and output: the stream never outlives either.
    private static func run(
        _ stream: inout z_stream, from input: [UInt8], into output: inout [UInt8],
        _ step: (inout z_stream) -> Int32
    ) -> Int32 {
        input.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(truncatingIfNeeded: input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(truncatingIfNeeded: output.count)
                return step(&stream)
            }
        }
    }
}
