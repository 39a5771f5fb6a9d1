import SkepCore
import SkepQueue
import Testing

@testable import SkepForge

@Suite("Signing in on pages")
struct PagesSessionTests {
    @Test("A token opens a session whose cookie scripts and other sites can't use")
    func signingIn() async throws {
        try await TestForge.with { test async throws in
            let browser = PagesBrowser(test)
            let token = test.tokens["amy"] ?? ""

            let answer = try await browser.submit(
                "/user/login", ["token": " \(token)\n", "back": "/amy/bees/issues?state=all"],
                shownAt: "/user/login")

            #expect(answer.status == 303)
            #expect(answer.header("Location") == "/amy/bees/issues?state=all")
            let cookie = try #require(answer.header("Set-Cookie"))
            #expect(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"))
            #expect(!cookie.contains(token))
            let page = try await browser.get("/amy/bees/issues")
            #expect(page.text.contains("<b>amy</b>") && page.text.contains("Sign out"))
            #expect(!page.text.contains(token))
            #expect(try await browser.get("/user/login").status == 303)
        }
    }

    @Test("Signing in gives another session id than the stranger had")
    func fixation() async throws {
        try await TestForge.with { test async throws in
            let browser = PagesBrowser(test)
            let before = try #require(try await browser.get("/user/login").header("Set-Cookie"))
            let answer = try await browser.submit(
                "/user/login", ["token": test.tokens["amy"] ?? ""], shownAt: "/user/login")
            let after = try #require(answer.header("Set-Cookie"))

            #expect(before.prefix { $0 != ";" } != after.prefix { $0 != ";" })
        }
    }

    @Test(
        "A wrong token is refused, and the form comes back",
        arguments: ["", "wrong", String(repeating: "a", count: 40)])
    func wrongToken(_ token: String) async throws {
        try await TestForge.with { test async throws in
            let browser = PagesBrowser(test)
            let answer = try await browser.submit(
                "/user/login", ["token": token, "back": "/amy"], shownAt: "/user/login")

            #expect(answer.status == 422 && answer.text.contains("role=\"alert\""))
            #expect(PagesBrowser.values(of: "back", in: answer.text) == ["/amy"])
            #expect(try await browser.get("/").text.contains(">Sign in</a>"))
        }
    }

    @Test("A token for a part of the API opens no session")
    func narrowToken() async throws {
        try await TestForge.with { test async throws in
            let narrow = Token.random()
            try await test.forge.store.write { db, now in
                let amy = try #require(try UserRow.find(db, name: "amy"))
                try amy.addToken(
                    db, narrow, scope: try TokenScope(["read:issue"]), now: now)
            }
            let answer = try await PagesBrowser(test).submit(
                "/user/login", ["token": narrow.value], shownAt: "/user/login")

            #expect(answer.status == 422 && answer.text.contains("a part of the API only"))
        }
    }

    @Test("Nobody is signed in by another site's form")
    func foreignSignIn() async throws {
        try await TestForge.with { test async throws in
            let browser = PagesBrowser(test)
            let token = test.tokens["amy"] ?? ""
            let blind = try await browser.send("/user/login", ["token": token])
            #expect(blind.status == 422)
            _ = try await browser.get("/user/login")
            let guessed = try await browser.send(
                "/user/login",
                ["token": token, "form_token": String(repeating: "0", count: 64)])
            #expect(guessed.status == 422)
            #expect(try await browser.get("/").text.contains(">Sign in</a>"))
        }
    }

    @Test(
        "Signing in leads back to this tracker only",
        arguments: [
            ("https://evil.example/", "/"), ("//evil.example", "/"), ("/\\evil.example", "/"),
            ("javascript:alert(1)", "/"), ("/amy\r\nX: y", "/"), ("", "/"), ("/user/login", "/"),
            ("/amy/bees?a=b#c", "/amy/bees?a=b#c"),
        ])
    func back(_ asked: String, _ place: String) {
        #expect(SignInPage.local(asked) == place)
    }

    @Test("Signing out ends the session, also for a copy of its cookie")
    func signingOut() async throws {
        try await TestForge.with { test async throws in
            let browser = try await PagesBrowser.signedIn("amy", test)
            let client = test.client(nil)
            let answer = try await browser.submit("/user/logout", [:], shownAt: "/")

            #expect(answer.status == 303 && !browser.hasCookies)
            let cookie = answer.header("Set-Cookie")?.contains("Max-Age=0")
            #expect(cookie == true)
            #expect(try await client.raw("GET", "/").text.contains(">Sign in</a>"))
        }
    }

    @Test("A token that is taken away ends its sessions")
    func revoked() async throws {
        try await TestForge.with { test async throws in
            let browser = try await PagesBrowser.signedIn("amy", test)
            try await test.forge.store.write { db, _ in
                let amy = try #require(try UserRow.find(db, name: "amy"))
                for token in try TokenRow.of(db, user: amy.id) { try token.delete(db) }
            }

            #expect(try await browser.get("/").text.contains(">Sign in</a>"))
        }
    }

    @Test("A session that nobody uses for a week ends, and only so many are kept")
    func limits() async throws {
        try await TestForge.with { test async throws in
            let clock = SteppingClock()
            let forge = test.forge
            let sessions = PageSessions()
            let hash = Token(value: test.tokens["amy"] ?? "").hash
            func find(_ id: String) async throws -> UserRow? {
                try await sessions.find(
                    in: "other=1; skep_tracker_80=\(id)", host: "127.0.0.1", forge)?.user
            }
            let old = sessions.start(
                tokenHash: hash, now: Timestamp(milliseconds: clock.now.milliseconds - 605_000_000))
            #expect(try await find(old) == nil)
            let first = sessions.start(tokenHash: hash, now: clock.now)
            #expect(try await find(first)?.name == "amy")
            for _ in 0..<1000 {
                _ = sessions.start(
                    tokenHash: hash, now: Timestamp(milliseconds: .max))
            }
            #expect(try await find(first) == nil)
        }
    }

    @Test("Cookies of trackers on other ports of the same machine aren't this one's")
    func ports() {
        let id = Token.random().value
        let cookies = "skep_tracker_3000=\(id); skep_tracker_4000=x"
        #expect(PageSessions.id(in: cookies, host: "127.0.0.1:3000") == id)
        #expect(PageSessions.id(in: cookies, host: "127.0.0.1:4000") == nil)
        #expect(PageSessions.id(in: cookies, host: "127.0.0.1:5000") == nil)
        #expect(PageSessions.id(in: "", host: "127.0.0.1:3000") == nil)
    }
}
