import Testing
import Wire

@testable import Coordinator

@Suite struct `A deadline queue` {
    @Test(arguments: 1...8)
    func `gives out what is due, like a plain dictionary`(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        var queue = DeadlineQueue<Int>()
        var model: [Int: Int] = [:]
        for now in 0..<400 {
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let id = Int.random(in: 0..<20, using: &random)
                let deadline = Bool.random(using: &random) ? now + Int.random(in: -2...30, using: &random) : nil
                queue.set(id, at: deadline)
                model[id] = deadline
            }
            let due = model.filter { $0.value <= now }
            #expect(queue.takeDue(at: now).sorted() == due.keys.sorted())
            for id in due.keys { model[id] = nil }
        }
    }
}

@Suite struct `A mailbox` {
    @Test func `hands messages over in order, then ends`() async {
        let mailbox = Mailbox(limit: 4)
        for number in 1...3 { mailbox.post(.heartbeat(sequence: number, time: 0)) }
        for number in 1...3 { #expect(await mailbox.next() == .message(.heartbeat(sequence: number, time: 0))) }
        mailbox.finish()
        #expect(await mailbox.next() == nil)
    }

    @Test func `drops what it holds when it is full, until its reader starts anew`() async {
        let mailbox = Mailbox(limit: 2)
        for number in 1...5 { mailbox.post(.heartbeat(sequence: number, time: 0)) }
        #expect(await mailbox.next() == .overflowed)
        mailbox.restart()
        mailbox.post(.heartbeat(sequence: 6, time: 0))
        #expect(await mailbox.next() == .message(.heartbeat(sequence: 6, time: 0)))
    }

    @Test func `says that it is over before anything that still waits`() async {
        let mailbox = Mailbox(limit: 1)
        mailbox.post(.heartbeat(sequence: 1, time: 0))
        mailbox.post(.heartbeat(sequence: 2, time: 0))
        mailbox.finish(with: .ended(reason: "administrator"))
        mailbox.post(.heartbeat(sequence: 3, time: 0))
        #expect(await mailbox.next() == .message(.ended(reason: "administrator")))
        #expect(await mailbox.next() == nil)
    }

    @Test func `wakes its reader for a message and for cancellation`() async {
        let mailbox = Mailbox(limit: 1)
        let reader = Task { await mailbox.next() }
        mailbox.post(.heartbeat(sequence: 1, time: 0))
        #expect(await reader.value == .message(.heartbeat(sequence: 1, time: 0)))
        let waiting = Task { await mailbox.next() }
        waiting.cancel()
        #expect(await waiting.value == nil)
    }
}
