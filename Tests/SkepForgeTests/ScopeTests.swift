import Foundation
import SkepCore
import SkepQueue
import Testing

@testable import SkepForge

@Suite("Scopes of tokens, users and repositories made over the API")
struct ScopeTests {
    /// A client with a further token of amy's.
    private func client(_ test: TestForge, _ scopes: String...) async throws -> APIClient {
        let token = try await test.forge.addToken(for: "amy", scope: TokenScope(scopes))
        return APIClient(url: test.url, token: token.value)
    }

    @Test("A token does what its scopes say, and is refused in Gitea's words otherwise")
    func scopes() async throws {
        try await TestForge.with { test async throws in
            let reader = try await client(test, "read:issue", "read:repository")
            let writer = try await client(test, "write:issue")

            #expect(try await reader.get("repos/amy/bees").status == 200)
            #expect(try await reader.get("repos/amy/bees/issues").status == 200)
            let refused = try await reader.post("repos/amy/bees/issues", ["title": "x"])
            #expect(refused.status == 403)
            #expect(
                refused.json["message"]?.string
                    == "token does not have at least one of required scope(s), required=[write:issue], token scope=read:issue,read:repository"
            )
            #expect(try await reader.get("user").status == 403)
            #expect(try await reader.get("version").status == 200)
            #expect(try await writer.post("repos/amy/bees/issues", ["title": "x"]).status == 201)
            #expect(try await writer.get("repos/amy/bees/labels").status == 200)
            #expect(try await writer.get("repos/amy/bees/pulls").status == 403)
            #expect(try await writer.get("repos/issues/search").status == 200)
        }
    }

    @Test("Git needs the scope of repositories")
    func git() async throws {
        try await TestForge.with { test async throws in
            func remote(_ scopes: String...) async throws -> String {
                let token = try await test.forge.addToken(for: "amy", scope: TokenScope(scopes))
                return test.url.replacingOccurrences(
                    of: "http://", with: "http://amy:\(token.value)@") + "/amy/bees.git"
            }
            let reading = try await remote("read:repository")
            let git = try await Git.clone(reading, to: test.folder + "/work")
            try await git.commit("x\n", to: "x", on: "x")

            #expect(try await git("push", "-q", reading, "x", mayFail: true).contains("403"))
            // What is public is read without a token, so git doesn't send one.
            _ = try await test.client().patch("repos/amy/bees", ["private": true])
            let other = try await remote("write:issue")
            #expect(try await git("ls-remote", other, mayFail: true).contains("403"))
            try await git("push", "-q", try await remote("write:repository"), "x")
        }
    }

    @Test("A token for what is public doesn't see private repositories")
    func publicOnly() async throws {
        try await TestForge.with { test async throws in
            _ = try await test.client().post(
                "user/repos", ["name": "secret", "private": true, "auto_init": true])
            let client = try await client(test, "all", "public-only")

            #expect(try await client.get("repos/amy/secret").status == 404)
            #expect(try await client.get("repos/amy/bees").status == 200)
            #expect(try await client.get("repos/search").json["data"]?.array.count == 1)
            #expect(try await client.get("user/repos").json.array.count == 1)
        }
    }

    @Test("Scopes are read and written, and unknown ones are refused")
    func words() throws {
        #expect(try TokenScope([]).description == "all")
        let scope = try TokenScope(["write:issue", "read:issue", "read:user", "public-only"])
        #expect(scope.description == "public-only,write:issue,read:user")
        #expect(TokenScope(stored: scope.description) == scope)
        #expect(scope.allows(.read, .issue) && scope.allows(.write, .issue))
        #expect(!scope.allows(.write, .user) && !scope.allows(.read, .repository))
        for word in ["", "issue", "admin:issue", "read:bees", "read:issue:x"] {
            #expect(throws: ForgeError.invalidScope(word)) { try TokenScope([word]) }
        }
    }

    @Test("Users and their tokens are made over the API by an administrator")
    func users() async throws {
        try await TestForge.with { test async throws in
            let root = try await test.forge.addUser("root", isAdmin: true).token.value
            // Routes of administration aren't in the specification that is kept.
            func post(_ token: String?, _ path: String, _ body: JSON, basic: Bool = false)
                async throws -> APIAnswer
            {
                let credential =
                    basic
                    ? "Basic " + Data("root:\(token ?? "")".utf8).base64EncodedString()
                    : "token \(token ?? "")"
                return try await test.client(nil).raw(
                    "POST", "/api/v1/" + path, body: body.bytes,
                    headers: ["Authorization": credential])
            }
            let user: JSON = ["username": "dee", "email": "dee@example.org", "full_name": "Dee"]

            #expect(try await post(test.tokens["amy"], "admin/users", user).status == 403)
            let made = try await post(root, "admin/users", user)
            #expect(made.status == 201)
            #expect(made.json["full_name"]?.string == "Dee")
            #expect(try await post(root, "admin/users", user).status == 422)
            #expect(try await post(root, "admin/users", ["username": "a b"]).status == 422)
            let token: JSON = ["name": "bot", "scopes": ["read:user"]]
            #expect(try await post(root, "users/dee/tokens", token).status == 401)
            let given = try await post(root, "users/dee/tokens", token, basic: true)
            #expect(given.status == 201)
            let value = given.json["sha1"]?.string ?? ""
            #expect(given.json["token_last_eight"]?.string == String(value.suffix(8)))
            let dee = APIClient(url: test.url, token: value)
            #expect(try await dee.get("user").json["login"]?.string == "dee")
            #expect(try await dee.get("repos/amy/bees").status == 403)
        }
    }

    @Test("A repository is changed and deleted by its owner")
    func repositories() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            _ = try await amy.post(
                "repos/amy/bees/branches", ["new_branch_name": "next", "old_ref_name": "main"])

            let changed = try await amy.patch(
                "repos/amy/bees", ["description": "Hum", "default_branch": "next"])
            #expect(changed.json["description"]?.string == "Hum")
            #expect(changed.json["default_branch"]?.string == "next")
            let clone = try await Git.clone(test.cloneURL(nil), to: test.folder + "/work")
            #expect(try await clone("branch", "--show-current") == "next")
            #expect(try await amy.patch("repos/amy/bees", ["name": "x"]).status == 422)
            #expect(try await test.client("bob").delete("repos/amy/bees").status == 403)
            #expect(try await amy.delete("repos/amy/bees").status == 204)
            #expect(try await amy.get("repos/amy/bees").status == 404)
            #expect(try await amy.post("user/repos", ["name": "bees"]).status == 201)
        }
    }
}
