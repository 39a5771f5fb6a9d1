import Foundation
import SkepCore
import SkepTestSupport
import SkepWorkspaces
import Testing

@Suite("Secrets in commits")
struct ScreeningTests {
    private static let secret = "sk-3f9a7c5e1d"
    private static let base64 = Data(secret.utf8).base64EncodedString()

    private let screen = SecretScreen { bytes in
        var text = String(decoding: bytes, as: UTF8.self)
        for form in [Self.secret, Self.base64] {
            text = text.replacingOccurrences(of: form, with: "[secret]")
        }
        return Array(text.utf8)
    }

    /// Where an agent's commits hold the secret after it did this.
    private func leaks(after script: String) async throws -> [String] {
        let fixture = try await WorkspaceFixture()
        let head = try #require(try await fixture.collect(after: script).head)
        return try await fixture.workspaces.leaks(
            of: screen, from: fixture.main, to: head, in: fixture.name)
    }

    @Test(
        "A secret is found in a file, in another form, and in a file that is gone again",
        arguments: [
            "echo 'KEY=\(secret)' > new",
            "mkdir -p a/b; printf '%s' 'x\(base64)x' > a/b/c; git add -A; git commit -qm C",
            "echo \(secret) >> README; git commit -qam One; git checkout -q HEAD~ README; "
                + "git commit -qm Two; echo fine > new",
            "ln -s /\(secret) link",
        ])
    func inFiles(script: String) async throws {
        let places = try await leaks(after: script)

        #expect(places.count == 1)
        #expect(!places.joined().contains(Self.secret))
        #expect(places.allSatisfy { $0.contains(" in commit ") })
    }

    @Test("A secret is found in a message, in an author's name and in a path, and isn't told")
    func inCommitsAndPaths() async throws {
        let message = try await leaks(
            after: "echo 1 > a; git add a; git commit -qm 'Use \(Self.secret)'")
        let author = try await leaks(
            after: "echo 1 > a; git add a; git commit -qm A --author '\(Self.secret) <a@b>'")
        let path = try await leaks(after: "echo 1 > '\(Self.secret).txt'")

        #expect(message.count == 1)
        #expect(message.first?.hasPrefix("the message or the author of commit ") == true)
        #expect(author.count == 1)
        #expect(path.first?.hasPrefix("[secret].txt in commit ") == true)
    }

    @Test("What was there before, what is ignored, and what a merge brings by name aren't its own")
    func notItsOwn() async throws {
        let fixture = try await WorkspaceFixture()
        let first = try await fixture.collect(after: "echo \(Self.secret) > old")
        let before = try #require(first.head)

        let found = try await fixture.collect(
            after: "echo 1 > new; mkdir build; echo \(Self.secret) > build/log; git mv old older",
            base: before, attempt: 2)
        let places = try await fixture.workspaces.leaks(
            of: screen, from: before, to: try #require(found.head), in: fixture.name)
        let all = try await fixture.workspaces.leaks(
            of: .none, from: fixture.main, to: before, in: fixture.name)

        // A file that moves is looked at again where it is now.
        #expect(places.map { $0.prefix(5) } == ["older"])
        #expect(all.isEmpty)
    }

    @Test("A commit with a secret stays in the mirror, under its attempt")
    func kept() async throws {
        let fixture = try await WorkspaceFixture()

        let found = try await fixture.collect(after: "echo \(Self.secret) > new")

        let kept = try await fixture.mirror.git("rev-parse", "refs/skep/run-88/attempt-1")
        #expect(kept.hasPrefix(try #require(found.head).rawValue))
    }

    @Test("Texts that a commit's files hold are told from others, whatever stands around them")
    func texts() async throws {
        let fixture = try await WorkspaceFixture()
        let head = try #require(
            try await fixture.collect(after: "mkdir a; printf 'x=loc;localhost:80' > a/b").head)

        let held = try await fixture.workspaces.texts(
            ["localhost", "localhost:80", "localhost:8080", "", "treasure"], heldBy: head,
            in: fixture.name)

        #expect(held == ["localhost", "localhost:80", ""])
    }
}
