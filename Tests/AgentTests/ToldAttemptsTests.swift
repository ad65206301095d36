import Agent
import Foundation
import LinuxNetwork
import Testing

@Suite struct `What an agent has told of attempts` {
    private let temporary = TemporaryDirectory()

    private func found(_ logged: Int, table: UInt64 = 7) throws -> ToldAttempts.Untold {
        try ToldAttempts(in: temporary.open()).takeOver(LogCount(table: table, logged: logged, unlogged: 0))
    }

    private func untold(_ unattended: Int, told limited: Int = 0) -> ToldAttempts.Untold {
        ToldAttempts.Untold(unattended: unattended, toldLimited: limited)
    }

    /// An agent that found a table with nothing in it has read `read` attempts, and left out `limited`.
    private func work(read: Int, held: Int = 0, limited: Int = 0, unreported: Int = 0) throws {
        let told = try ToldAttempts(in: temporary.open())
        _ = told.takeOver(LogCount(table: 7, logged: 0, unlogged: 0))
        told.add(read)
        told.follow(LogCount(table: 7, logged: read, unlogged: limited), before: told.accounted)
        told.write(held: held, limited: unreported)
    }

    @Test func `leaves the next agent what the table has counted since`() throws {
        try work(read: 10, limited: 5)
        #expect(try found(10) == untold(0, told: 5))
        #expect(try found(14) == untold(4, told: 5))
        // No agent has told more than was counted.
        #expect(try found(3) == untold(0, told: 5))
    }

    @Test func `is without what it held in memory`() throws {
        try work(read: 10, held: 3, limited: 5, unreported: 4)
        #expect(try found(12) == untold(5, told: 1))
    }

    @Test func `is nothing of another table, nor without a file, nor with one that was cut off`() throws {
        try work(read: 10)
        #expect(try found(12, table: 8) == untold(12))
        let directory = try temporary.open()
        try directory.write([1, 2, 3], to: ToldAttempts.fileName)
        let told = try ToldAttempts(in: directory)
        #expect(told.takeOver(LogCount(table: 7, logged: 12, unlogged: 0)) == untold(12))
    }

    @Test func `is all of a table that takes another's place, and never more than was counted`() throws {
        let told = try ToldAttempts(in: temporary.open())
        _ = told.takeOver(LogCount(table: 7, logged: 5, unlogged: 0))
        told.follow(LogCount(table: 8, logged: 2, unlogged: 0), before: told.accounted)
        #expect(told.accounted == 2)
        told.add(9)
        told.follow(LogCount(table: 8, logged: 4, unlogged: 0), before: told.accounted)
        #expect(told.accounted == 4)
        told.follow(LogCount(table: 8, logged: 6, unlogged: 0), before: 4)
        #expect(told.accounted == 4)
    }

    @Test func `survives a file that says anything`() throws {
        for value in [Int64.min, .max, -1] {
            let bytes = [7, value, value].withUnsafeBytes { Array($0) }
            let directory = try temporary.open()
            try directory.write(bytes, to: ToldAttempts.fileName)
            let told = try ToldAttempts(in: directory)
            let found = told.takeOver(LogCount(table: 7, logged: 10, unlogged: 0))
            #expect(found.unattended >= 0 && found.limited >= 0 && found.toldLimited >= 0)
            told.add(.max)
            told.follow(LogCount(table: 7, logged: 10, unlogged: 0), before: told.accounted)
            told.write(held: .max, limited: .max)
        }
    }

    @Test func `outlives its table, whoever removed that, until it is told`() throws {
        let left = ToldAttempts.Untold(unattended: 5, limited: 4)
        try work(read: 10, held: 3, limited: 5, unreported: 4)
        do {
            let cleanup = try ToldAttempts(in: temporary.open())
            let rest = cleanup.takeOver(LogCount(table: 7, logged: 12, unlogged: 0))
            cleanup.tableIsGone()
            #expect(cleanup.write(held: rest.unattended, limited: 4))
        }
        // Killed again before it has a table, and after that, with two in it.
        for table in [nil, nil, LogCount(table: 9, logged: 2, unlogged: 0)] {
            let told = try ToldAttempts(in: temporary.open())
            #expect(told.takeOver(nil) == left)
            #expect(told.takeOver(nil) == untold(0))
            guard let table else {
                told.write(held: 5, limited: 4)
                continue
            }
            #expect(told.takeOver(table) == untold(2))
            #expect(told.takeOver(table) == untold(0))
            told.write(held: 5 + 2, limited: 4)
        }
        // Also for one that does not know whose table it finds.
        #expect(try found(2, table: 9) == ToldAttempts.Untold(unattended: 2 + 5, limited: 4))
        #expect(try found(1, table: 10) == ToldAttempts.Untold(unattended: 1 + 5, limited: 4))
    }

    @Test func `is of no table that it does not know`() throws {
        try work(read: 10)
        let told = try ToldAttempts(in: temporary.open())
        #expect(told.knows(7) && !told.knows(8))
        // One that somebody has removed leaves nothing, and what is known of it stays.
        #expect(told.takeOver(nil) == untold(0))
        #expect(told.takeOver(LogCount(table: 7, logged: 11, unlogged: 0)) == untold(1))
    }
}
