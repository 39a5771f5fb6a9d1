import SkepCore
import Testing

@testable import skep

@Suite struct IssueArgumentTests {
    private let engine = RepositoryName("ada/engine")!

    @Test(
        "An issue is a number, or says where it is",
        arguments: [
            ("12", "ada/engine#12"), ("#12", "ada/engine#12"), ("bob/mill#3", "bob/mill#3"),
            ("https://git.example.org/bob/mill/issues/3", "bob/mill#3"),
            ("http://127.0.0.1:3000/bob/mill/issues/3", "bob/mill#3"),
        ])
    func understood(text: String, issue: String) throws {
        #expect(try IssueArgument.parse(text, in: engine).description == issue)
    }

    @Test(
        "What isn't an issue is refused",
        arguments: [
            "", "twelve", "0", "#0", "-1", "ada#3", "ada/engine", "a/b/c#1", "ada/engine#x",
        ])
    func refused(text: String) {
        let error = #expect(throws: UsageError.self) { try IssueArgument.parse(text, in: engine) }

        #expect(error?.what == "\"\(text)\" isn't an issue.")
    }

    @Test("A bare number needs one repository")
    func ambiguous() {
        let error = #expect(throws: UsageError.self) { try IssueArgument.parse("#12", in: nil) }

        #expect(error?.what == "Which repository is issue \"#12\" in?")
        #expect(error?.advice == "Write it as owner/name#12.")
    }
}
