import Testing

@testable import skep

@Suite("Lines of what has been going on")
struct RecentLinesTests {
    @Test("Of what was there the last lines are shown, however much it was, then all that comes")
    func showsTheLast() {
        var recent = RecentLines()

        for number in 1...10_000 {
            recent.add(["\(number)"])
            #expect(recent.take() == [])
        }
        recent.catchUp()
        let before = recent.take()
        for number in 1...1000 { recent.add(["new \(number)"]) }
        let after = recent.take()

        #expect(before == ["… 9800 earlier lines"] + (9801...10_000).map { "\($0)" })
        #expect(after == (1...1000).map { "new \($0)" })
        #expect(recent.take() == [])
    }

    @Test("Little is shown whole")
    func showsLittle() {
        var recent = RecentLines()

        recent.add(["a", "b"])
        recent.catchUp()
        recent.catchUp()

        #expect(recent.take() == ["a", "b"])
    }

    @Test("Who can't show as fast as it comes is waited for")
    func isWaitedFor() {
        var recent = RecentLines()

        recent.catchUp()
        for _ in 1...10 { recent.add(Array(repeating: "x", count: RecentLines.most)) }
        #expect(recent.areMany)

        #expect(recent.take().count == 10 * RecentLines.most)
        #expect(!recent.areMany)
    }
}
