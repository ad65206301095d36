import Glibc
import Testing

@testable import LinuxNetwork

@Suite struct `A look at the kernel's rule sets` {
    private static let gone = LinuxNetworkError.netlink(request: "rules of ztna", errno: ENOENT)
    private static let busy = LinuxNetworkError.netlink(request: "rules of ztna", errno: EBUSY)

    /// What the look says each time, and by how much the rule sets' number grows meanwhile; what comes of it, after how many.
    @Test(
        arguments: [
            ([(.success(1), 0)], .success(1), 1),
            // Others changed something, or took away what the first answer has named.
            ([(.success(1), 1), (.success(2), 0)], .success(2), 2),
            ([(.failure(gone), 1), (.failure(gone), 2), (.success(3), 0)], .success(3), 3),
            // Nobody has: then it is never there.
            ([(.failure(gone), 0)], .failure(gone), 1),
            ([(.failure(busy), 1), (.success(2), 0)], .failure(busy), 1),
            (
                Array(repeating: (.success(1), 1), count: 20),
                .failure(.timedOut("a look at ztna that no change of other tables falls into")), OneMoment.mostLooks
            ),
        ] as [([(Result<Int, LinuxNetworkError>, UInt32)], Result<Int, LinuxNetworkError>, Int)])
    func `is repeated while they change`(
        _ answers: [(Result<Int, LinuxNetworkError>, UInt32)], _ outcome: Result<Int, LinuxNetworkError>, _ looks: Int
    ) {
        var (number, count): (UInt32, Int) = (7, 0)
        let found = Result { () throws(LinuxNetworkError) in
            try OneMoment.look(at: "ztna", number: { () throws(LinuxNetworkError) in number }) {
                () throws(LinuxNetworkError) in
                let (answer, change) = answers[count]
                count += 1
                number += change
                return try answer.get()
            }
        }
        #expect(found == outcome && count == looks)
    }
}
