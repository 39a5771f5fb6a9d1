import ArgumentParser
import SkepCore
import SkepQueue
import Testing

@testable import skep

@Suite struct IssueArgumentTests {
    private static let engine = RepositoryName("ada/engine")!

    private let argument = IssueArgument(in: engine, on: "https://git.example.org/forge/api/v1")

    @Test(
        "An issue is a number, or says where it is",
        arguments: [
            ("12", "ada/engine#12"), ("#12", "ada/engine#12"), ("bob/mill#3", "bob/mill#3"),
            ("https://git.example.org/forge/bob/mill/issues/3", "bob/mill#3"),
            ("HTTPS://Git.example.org:443/forge/bob/mill/issues/3/?x#issuecomment-7", "bob/mill#3"),
        ])
    func understood(text: String, issue: String) throws {
        #expect(try argument.parse(text).description == issue)
    }

    @Test(
        "What isn't an issue is refused",
        arguments: [
            "", "twelve", "0", "#0", "-1", "ada#3", "ada/engine", "a/b/c#1", "ada/engine#x",
            "https://git.example.org/forge/bob/mill/pulls/3",
        ])
    func refused(text: String) {
        let error = #expect(throws: UsageError.self) { try argument.parse(text) }

        #expect(error?.what == "\"\(text)\" isn't an issue.")
    }

    @Test("A bare number needs one repository")
    func ambiguous() {
        let error = #expect(throws: UsageError.self) {
            try IssueArgument(in: nil, on: nil).parse("#12")
        }

        #expect(error?.what == "Which repository is issue \"#12\" in?")
        #expect(error?.advice == "Write it as owner/name#12.")
    }

    @Test(
        "An address on another tracker is refused",
        arguments: [
            "https://github.com/forge/bob/mill/issues/3",
            "http://git.example.org/forge/bob/mill/issues/3",
            "https://git.example.org:8443/forge/bob/mill/issues/3",
            "https://git.example.org/bob/mill/issues/3",
        ])
    func otherTracker(text: String) {
        let error = #expect(throws: UsageError.self) { try argument.parse(text) }

        #expect(error?.what == "\"\(text)\" isn't on this tracker.")
        #expect(
            error?.why == "The configuration's tracker is https://git.example.org/forge/api/v1.")
    }

    @Test("An agent that is named twice is asked once")
    func agentTwice() throws {
        let command = try DispatchCommand.parse(["12", "--to", "mine,other,mine"])

        #expect(try CommandLists.words(command.agents, of: "--to") == ["mine", "other"])
    }

    @Test("An issue in a repository that isn't worked on is refused")
    func otherRepository() throws {
        let fixture = Fixture()
        try fixture.write("skep.yaml", Fixture.tracker + "repositories: [me/project]\n")
        let issue = try #require(IssueReference("me/outside#1", in: nil))

        let error = try #require(
            throws: ProgramError.self,
            performing: {
                try fixture.configuration().requireRepository(of: issue)
            })

        #expect(error.kind == .configuration)
        #expect(
            error.what == "Repository me/outside isn't among \"repositories\" in skep.yaml.")
    }
}
