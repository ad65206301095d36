internal import Glibc

/// The C library's error number, read at once after the call that set it.
enum Errno {
    static var last: Int32 { errno }

    static func text(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        return buffer.withUnsafeMutableBufferPointer { space in
            guard let base = space.baseAddress, strerror_r(code, base, space.count) == 0 else { return "error \(code)" }
            return String(cString: base)
        }
    }
}
