import Foundation
import SkepCore
import SkepTestSupport
import Testing

@testable import SkepEngine

@Suite("The no-progress brake")
struct ProgressTests {
    private func message(_ id: Int) -> SessionEvent.Kind {
        .message(MessagePiece(id: "m\(id)", text: "hm"))
    }

    private func tool(_ id: Int, _ input: String) -> SessionEvent.Kind {
        .tool(ToolCall(id: "t\(id)", title: "run", input: input, status: .completed))
    }

    /// In how many events the brake falls; `nil`: never.
    private func end(
        _ events: [SessionEvent.Kind], limit: Int = 3, trees: [Int] = []
    ) async -> Int? {
        var watch = ProgressWatch(limit: limit)
        var trees = trees
        for (index, event) in events.enumerated() {
            let failure = await watch.take(event) { trees.isEmpty ? 0 : trees.removeFirst() }
            if failure?.type == .noProgress { return index }
        }
        return nil
    }

    @Test("The same call again and again is no progress; a new one is")
    func calls() async {
        let same = (0..<8).flatMap { [message($0), tool($0, "ls")] }
        let new = (0..<8).flatMap { [message($0), tool($0, "ls \($0)")] }

        #expect(await end(same) == 8)
        #expect(await end(new) == nil)
    }

    @Test("What is told again to a worker that adopts a session doesn't count: its tree is gone")
    func adopted() async {
        let same = (0..<8).flatMap { [message($0), tool($0, "ls")] }
        var watch = ProgressWatch(limit: 3)
        for event in same {
            #expect(await watch.take(event, isOld: true) { 0 } == nil)
        }
        var failures: [AgentFailure?] = []
        for event in same { failures.append(await watch.take(event) { 0 }) }

        #expect(failures.firstIndex { $0?.type == .noProgress } == 6)
    }

    @Test("Talk alone is no progress of an agent that tells its tool calls")
    func talk() async {
        #expect(await end([tool(0, "ls")] + (0..<8).map(message)) == 4)
    }

    @Test("Who tells no tool calls may talk, and change the tree when it likes")
    func tellsNoCalls() async {
        #expect(await end((0..<40).map(message)) == nil)
    }

    @Test("Leave that it is given again and again, and does nothing with, is no progress")
    func leave() async {
        let asks = (0..<110).map { number in
            SessionEvent.Kind.permission(
                PermissionDecision(
                    subject: "Edit \(number)", purpose: .edit, answer: .allowed, reason: "policy"))
        }
        let talks = asks.enumerated().flatMap { [message($0), $1] }
        let works = asks.enumerated().flatMap { [$1, tool($0, "edit \($0)")] }

        #expect(await end(asks) == 101)
        #expect(await end(talks) == 203)
        #expect(await end(works) == nil)
        #expect(await end(asks, trees: [0, 1, 2]) == nil)
    }

    @Test("Leave that it changes something with, though no call tells of it, is progress")
    func leaveThatIsUsed() async {
        var watch = ProgressWatch(limit: 3)
        let turns = (0..<110).flatMap { number in
            [
                message(number),
                .permission(
                    PermissionDecision(
                        subject: "Edit", purpose: .edit, answer: .allowed, reason: "policy")),
            ]
        }

        for (index, event) in ([tool(0, "ls")] + turns).enumerated() {
            let failure = await watch.take(event) { (index + 1) / 2 }
            #expect(failure == nil)
        }
    }

    @Test("A working tree in a state it hadn't before is progress; back and forth isn't")
    func trees() async {
        let same = (0..<9).flatMap { [message($0), tool($0, "ls")] }

        #expect(await end(same, trees: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) == nil)
        #expect(await end(same, trees: [0, 1, 0, 1, 0, 1]) == 12)
    }

    @Test("What a person says gives it time again")
    func told() async {
        let talk = (0..<4).map(message)
        let begun = [tool(0, "ls")] + talk.prefix(3)

        #expect(await end(begun + talk.suffix(1)) == 4)
        #expect(await end(begun + [.told("and now?")] + talk.suffix(1)) == nil)
    }

    @Test("A working tree's state is told by contents, not by when they were written")
    func contents() async throws {
        try await Swarm.with { swarm in
            let folder = swarm.folder.appendingPathComponent("tree")
            func write(_ text: String) throws {
                try text.write(
                    to: folder.appendingPathComponent("a"), atomically: true, encoding: .utf8)
            }
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true)
            try write("first")
            var tree = TreeState(folder.path)
            let first = tree.current()
            try write("second")
            let second = tree.current()
            try write("second")
            let again = tree.current()

            #expect(first != second)
            #expect(second == again)
        }
    }

    @Test("A file that comes, goes, or comes back, is told from one that stays")
    func files() async throws {
        try await Swarm.with { swarm in
            let folder = swarm.folder.appendingPathComponent("tree")
            let deep = folder.appendingPathComponent("a/b")
            try FileManager.default.createDirectory(at: deep, withIntermediateDirectories: true)
            let file = deep.appendingPathComponent("c")
            var tree = TreeState(folder.path)
            _ = tree.current()
            let empty = tree.current()
            try Data("x".utf8).write(to: file)
            let there = tree.current()
            try FileManager.default.removeItem(at: file)
            let gone = tree.current()
            try Data("x".utf8).write(to: file)
            let back = tree.current()
            try FileManager.default.removeItem(at: folder)
            let nothing = tree.current()

            #expect(there != empty)
            #expect(gone == empty)
            #expect(back == there)
            #expect(nothing != there)
        }
    }
}
