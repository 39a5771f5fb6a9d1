import SkepCore
import Testing

@Suite("An issue's title in commits and pull requests")
struct IssueTitleTests {
    @Test(
        "Nothing in it closes another issue",
        arguments: [
            ("Fixes #3 and more", "Fixes issue 3 and more"),
            ("It crashes (closes: ann/larder#12)", "It crashes (closes: issue 12)"),
            ("resolved #4, too", "resolved issue 4, too"),
        ])
    func closing(title: String, harmless: String) {
        #expect(IssueTitle.harmless(title) == harmless)
    }

    @Test(
        "Everything else stays, on one line",
        arguments: [
            ("Like #3, but worse", "Like #3, but worse"), ("Fix the C# build", "Fix the C# build"),
            ("Two\nlines\tand a tab", "Two lines and a tab"),
        ])
    func others(title: String, harmless: String) {
        #expect(IssueTitle.harmless(title) == harmless)
    }
}
