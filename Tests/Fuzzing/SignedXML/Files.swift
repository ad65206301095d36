import Foundation

enum Files {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A file below `Tests`.
    static func read(_ path: String) -> [UInt8]? {
        (try? Data(contentsOf: tests.appending(path: path))).map { Array($0) }
    }
}
