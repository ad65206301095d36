import Gateway
import Glibc
import Places
import ServerConfiguration

extension Trials {
    /// Each is tried for real, with nothing left behind: permission bits do not say what a file system lets one do.
    static var beforeStart: Trials {
        Trials(
            state: state, append: append,
            tls: { certificate, key in
                do throws(TLSCertificates.Failure) {
                    _ = try TLSCertificates(certificatePath: certificate, keyPath: key)
                    return nil
                } catch { return error.explanation }
            },
            places: { path in
                do throws(PlacesError) {
                    _ = try Places(path: path)
                    return nil
                } catch { return error.explanation }
            })
    }

    @Sendable private static func state(_ path: String) -> String? {
        var status = stat()
        guard lstat(path, &status) != 0 else {
            do throws(StateDirectory.Failure) { _ = try StateDirectory(path: path) } catch { return error.explanation }
            return failureToMake(in: path).map { "the state directory \(path) cannot be written: \($0)" }
        }
        return failureToMake(in: folder(of: path)).map { "the state directory \(path) cannot be made: \($0)" }
    }

    @Sendable private static func append(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return failureToMake(in: folder(of: path)).map { "\(path) cannot be made: \($0)" }
        }
        let descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return "\(path) cannot be written: \(reason())" }
        close(descriptor)
        return nil
    }

    private static func folder(of path: String) -> String {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    private static func failureToMake(in folder: String) -> String? {
        var template = Array("\(folder)/.ztna-check-XXXXXX".utf8CString)
        return template.withUnsafeMutableBufferPointer { name in
            guard let name = name.baseAddress, mkdtemp(name) != nil else { return reason() }
            rmdir(name)
            return nil
        }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
