import Foundation
import Logging
import SkepCore
import Testing

@testable import SkepForge

@Suite("Who may do what")
struct AccessTests {
    @Test("A token is taken in every way Gitea takes it, and only its hash is stored")
    func tokens() async throws {
        try await TestForge.with { test async throws in
            let token = try #require(test.tokens["amy"])
            let client = test.client(nil)
            func ask(_ header: String?) async throws -> Int {
                try await client.raw(
                    "GET", "/api/v1/user", headers: header.map { ["Authorization": $0] } ?? [:]
                ).status
            }
            func basic(_ text: String) -> String {
                "Basic " + Data(text.utf8).base64EncodedString()
            }

            #expect(token.utf8.count == 40)
            #expect(try await ask("token \(token)") == 200)
            #expect(try await ask("TOKEN \(token)") == 200)
            #expect(try await ask("Bearer \(token)") == 200)
            #expect(try await ask(basic("anyone:\(token)")) == 200)
            #expect(try await ask(basic("\(token):")) == 200)
            #expect(try await ask(basic("\(token):x-oauth-basic")) == 200)
            #expect(try await ask(nil) == 401)
            #expect(try await ask("token 123") == 401)
            #expect(try await ask("Digest \(token)") == 401)
            #expect(try await ask(basic("amy:wrong")) == 401)
            let database = try Data(
                contentsOf: URL(fileURLWithPath: test.folder + "/forge.sqlite"))
            let log = try Data(
                contentsOf: URL(fileURLWithPath: test.folder + "/forge.sqlite-wal"))
            #expect((database + log).range(of: Data(token.utf8)) == nil)
            #expect((database + log).range(of: Data(Token(value: token).hash.utf8)) != nil)
        }
    }

    @Test("The hash of a token is SHA-256")
    func hash() {
        #expect(
            Token(value: "abc").hash
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Token.random().value != Token.random().value)
    }

    @Test("A private repository isn't there for others, over the API, git and pages")
    func privateRepositories() async throws {
        try await TestForge.with { test async throws in
            let made = try await test.client().post(
                "user/repos", ["name": "secret", "private": true, "auto_init": true])
            #expect(made.status == 201)
            #expect(made.json["private"]?.bool == true)

            #expect(try await test.client("carl").get("repos/amy/secret").status == 404)
            #expect(try await test.client(nil).get("repos/amy/secret/issues").status == 404)
            #expect(try await test.client().get("repos/amy/secret").status == 200)
            #expect(try await test.client(nil).raw("GET", "/amy/secret").status == 404)
            let search = try await test.client("carl").get("repos/search")
            #expect(search.json["data"]?.array.count == 1)
            let remote = test.cloneURL(nil).replacingOccurrences(of: "bees", with: "secret")
            #expect(try await Git.run(["ls-remote", remote]).isSuccess == false)
            let own = test.cloneURL("amy").replacingOccurrences(of: "bees", with: "secret")
            #expect(try await Git.run(["ls-remote", own]).isSuccess)
        }
    }

    @Test("Permissions are told of collaborators, and can be given and taken")
    func permissions() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let path = "repos/amy/bees/collaborators"
            func permission(_ name: String) async throws -> String? {
                try await amy.get("\(path)/\(name)/permission").json["permission"]?.string
            }

            #expect(try await permission("amy") == "owner")
            #expect(try await permission("bob") == "write")
            #expect(try await permission("carl") == "read")
            #expect(try await test.client("carl").get("\(path)/bob/permission").status == 403)
            #expect(try await amy.put(path + "/carl", ["permission": "write"]).status == 204)
            #expect(try await permission("carl") == "write")
            #expect(try await amy.get(path + "/carl").status == 204)
            #expect(try await amy.get(path).json.array.count == 2)
            #expect(try await amy.delete(path + "/carl").status == 204)
            #expect(try await amy.get(path + "/carl").status == 404)
            #expect(
                try await test.client("bob").put(path + "/carl", ["permission": "write"]).status
                    == 403)
        }
    }

    @Test("A request for a host of another name is refused")
    func hosts() {
        let check = HostCheck(names: ["skep.example"], onlyLoopback: true)
        for host in ["127.0.0.1:3000", "localhost", "[::1]:80", "127.1.2.3", "Skep.Example:1"] {
            #expect(check.allows(host), "\(host)")
        }
        for host in ["evil.example", "", "127.0.0.1.evil.example", "192.168.1.4", "127.evil.a.b"] {
            #expect(!check.allows(host), "\(host)")
        }
        #expect(HostCheck(names: [], onlyLoopback: false).allows("192.168.1.4:80"))
        #expect(!HostCheck(names: [], onlyLoopback: false).allows("evil.example"))
    }

    @Test("Listening for other machines has to be allowed")
    func remoteBind() async throws {
        try await TestForge.with { test async throws in
            #expect(throws: ForgeError.remoteBindRefused(host: "0.0.0.0")) {
                try ForgeServer(forge: test.forge, host: "0.0.0.0", logger: .init(label: "x"))
            }
        }
    }

    @Test("Unknown routes, methods and hosts are answered with JSON that says so")
    func unknown() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let missing = try await amy.raw("GET", "/api/v1/orgs/none/teams")
            #expect(missing.status == 404)
            #expect(missing.json["message"]?.string != nil && missing.json["url"]?.string != nil)
            let method = try await amy.raw("PUT", "/api/v1/version")
            #expect(method.status == 405)
            #expect(method.header("Allow") == "GET")
            let broken = try await amy.raw(
                "POST", "/api/v1/repos/amy/bees/issues", body: Array("{".utf8),
                headers: ["Authorization": "token \(test.tokens["amy"] ?? "")"])
            #expect(broken.status == 422)
            #expect(try await amy.raw("GET", "/%zz").status == 400)
            let evil = try await amy.raw(
                "GET", "/api/v1/version", headers: ["Host": "evil.example"])
            #expect(evil.status == 421)
            let version = try await amy.get("version")
            #expect(version.json["version"]?.string?.hasPrefix("1.27.0+skep") == true)
            #expect(try await amy.get("settings/api").json["max_response_items"]?.int == 50)
            #expect(try await amy.get("users/BOB").json["login"]?.string == "bob")
            #expect(try await amy.get("users/search?q=a").json["data"]?.array.count == 2)
            #expect(try await amy.get("user/repos").json.array.count == 1)
            #expect(try await amy.get("users/amy/repos").json.array.count == 1)
        }
    }

    @Test("A body that is too large is refused")
    func largeBody() async throws {
        try await TestForge.with { test async throws in
            let body = [UInt8](repeating: UInt8(ascii: " "), count: ForgeResponder.bodyLimit + 1)
            let answer = try await test.client().raw(
                "POST", "/api/v1/repos/amy/bees/issues", body: body,
                headers: ["Authorization": "token \(test.tokens["amy"] ?? "")"])
            #expect(answer.status == 413)
            #expect(try await test.client().get("repos/amy/bees/issues").json.array.isEmpty)
        }
    }
}
