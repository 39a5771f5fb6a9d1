import SkepCore
import SkepQueue
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("An issue is named with its repository, or without where one is meant")
    func issueReferences() throws {
        let acme = try #require(RepositoryName("acme/widgets"))

        #expect(IssueReference("acme/widgets#12")?.number == 12)
        #expect(IssueReference("#12", in: acme) == IssueReference(repository: acme, number: 12))
        #expect(IssueReference("12", in: acme)?.repository == acme)
        for wrong in ["12", "#0", "acme#1", "a/b/c#1", "acme/widgets#x", "acme/widgets#-1", ""] {
            #expect(IssueReference(wrong) == nil, "\(wrong)")
        }
    }

    @Test("A repository's name can't lead out of a folder, and its case doesn't count")
    func repositoryNames() {
        #expect(RepositoryName("Acme/Widgets") == RepositoryName("acme/widgets"))
        for wrong in ["../etc", "a/..", "a", "a/b/c", "/b", "a b/c", "a/é"] {
            #expect(RepositoryName(wrong) == nil, "\(wrong)")
        }
    }

    @Test("An agent's name can stand in a branch's name")
    func agentNames() {
        #expect(AgentName("claude-4.5_x").isValid)
        for wrong: AgentName in ["", ".x", "-x", "a..b", "a/b", "a.lock", "a b", "x."] {
            #expect(!wrong.isValid, "\(wrong)")
        }
    }

    @Test("A commit's name has forty hexadecimal digits")
    func commits() {
        #expect(CommitID(rawValue: String(repeating: "A", count: 40))?.rawValue.first == "a")
        #expect(CommitID(rawValue: "abc") == nil)
        #expect(CommitID(rawValue: String(repeating: "g", count: 40)) == nil)
    }

    @Test("A secret never shows in text")
    func secrets() {
        let secret = Secret("hunter2")

        #expect("\(secret) \(String(reflecting: secret))" == "(secret) (secret)")
        var dumped = ""
        dump(GitAccess(remote: "http://x", user: "u", token: secret), to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }
}
