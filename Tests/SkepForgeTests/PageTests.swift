import Foundation
import SkepCore
import Testing

@testable import SkepForge

@Suite("Pages")
struct PageTests {
    /// What somebody might write to get into a page.
    static let evil = "<script>alert('x')</script>\"><img src=x>{{title}}{{{title}}}"

    @Test("What is written on the tracker is shown as text on every page")
    func escaping() async throws {
        try await TestForge.with { test async throws in
            let branch = "x/<b>&\"'{{title}}"
            let head = try await fill(test, branch: branch)
            let visitors = [
                PagesBrowser(test), try await PagesBrowser.signedIn("amy", test),
            ]
            let file = PercentCoding.encode("<b>.txt")
            let coded = PageAddress.path(branch)
            for path in [
                "/", "/amy", "/amy/bees", "/amy/bees/issues",
                "/amy/bees/issues?state=all&q=%3Cb%3E",
                "/amy/bees/issues?label=%3Cscript%3E&assignee=%3Cscript%3E&milestone=%3Cscript%3E",
                "/amy/bees/issues/1", "/amy/bees/issues/new?title=%3Cscript%3E&body=%3Cscript%3E",
                "/amy/bees/pulls", "/amy/bees/pulls/2", "/amy/bees/pulls/2/commits",
                "/amy/bees/pulls/2/files", "/amy/bees/issues/2", "/amy/bees/issues/1/edit",
                "/amy/bees/commit/\(head)", "/amy/bees/branches", "/amy/bees/commits/\(coded)",
                "/amy/bees/labels", "/amy/bees/milestones", "/amy/bees/src/branch/\(coded)",
                "/amy/bees/src/branch/\(coded)/\(file)", "/amy/bees/src/commit/\(head)/\(file)",
                "/amy/bees/src/branch/\(coded)/README.md", "/user/login?back=%22%3E%3Cscript%3E",
            ] {
                for visitor in visitors {
                    let page = try await visitor.get(path)
                    #expect([200, 303].contains(page.status), "\(path)")
                    for piece in ["<script", "<b>.txt", "<img src=x", "x/<b>", "{{title}}</h1>"] {
                        #expect(!page.text.contains(piece), "\(path): \(piece)")
                    }
                    let policy = page.header("Content-Security-Policy")
                    #expect(page.status == 303 || policy?.hasPrefix("default-src 'none'") == true)
                }
            }
            let issue = try await visitors[0].get("/amy/bees/issues/1")
            #expect(issue.text.contains("&lt;script&gt;alert"))
            let missing = try await visitors[0].get("/amy/bees/src/branch/%3Cscript%3E")
            #expect(missing.status == 404 && !missing.text.contains("<script"))
        }
    }

    /// Writes into everything that can be written into, and gives a commit.
    private func fill(_ test: TestForge, branch: String) async throws -> String {
        let amy = test.client()
        let evil = JSON.string(Self.evil)
        _ = try await amy.post(
            "repos/amy/bees/labels", ["name": evil, "color": "ff0000", "description": evil])
        _ = try await amy.post(
            "repos/amy/bees/milestones", ["title": evil, "description": evil])
        _ = try await amy.post(
            "repos/amy/bees/issues",
            ["title": evil, "body": evil, "labels": [1], "milestone": 1])
        _ = try await amy.patch("repos/amy/bees/issues/1", ["title": .string(Self.evil + "2")])
        _ = try await amy.post("repos/amy/bees/issues/1/comments", ["body": evil])
        let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
        try git.write(Self.evil + "\n", to: "README.md")
        try await git.commit(Self.evil + "\n", to: "<b>.txt", on: branch, message: Self.evil)
        try await git("push", "-q", "origin", branch)
        let head = try await git("rev-parse", "HEAD")
        _ = try await amy.post(
            "repos/amy/bees/pulls",
            ["title": evil, "body": evil, "head": .string(branch), "base": "main"])
        _ = try await amy.post(
            "repos/amy/bees/statuses/\(head)",
            [
                "state": "success", "context": evil, "description": evil,
                "target_url": "javascript:alert(1)",
            ])
        _ = try await test.client("bob").post(
            "repos/amy/bees/pulls/2/reviews",
            [
                "event": "APPROVED", "body": evil,
                "comments": [["path": "<b>.txt", "body": evil, "new_position": 1]],
            ])
        return head
    }

    @Test("A pull request's pages show its reviews, checks, commits and differences")
    func pullPages() async throws {
        try await TestForge.with { test async throws in
            _ = try await fill(test, branch: "work")
            let browser = PagesBrowser(test)

            let talk = try await browser.get("/amy/bees/pulls/2").text
            let commits = try await browser.get("/amy/bees/pulls/2/commits").text
            let files = try await browser.get("/amy/bees/pulls/2/files").text

            for text in [
                "Approved", "&lt;b&gt;.txt", "class=\"added\"", "without conflict",
                "The check passed", "id=\"review-1\"",
            ] {
                #expect(talk.contains(text), "\(text)")
            }
            #expect(!talk.contains("href=\"javascript"))
            #expect(commits.contains("Dee") && commits.contains("Commits <span class=\"count\">1<"))
            #expect(files.contains("<details class=\"file\" id=\"file-1\" open>"))
            #expect(files.contains("class=\"noted\""))
        }
    }

    @Test("Two thousand issues are shown in pages, none of them twice")
    func manyIssues() async throws {
        try await TestForge.with { test async throws in
            try await test.forge.store.write { db, now in
                let amy = try #require(try UserRow.find(db, name: "amy"))
                let row = try RepositoryRow.find(db, owner: "amy", name: "bees")
                for number in 1...2000 {
                    _ = try IssueRow.insert(
                        db, repository: try #require(row), isPull: false,
                        title: "Number \(number)", body: "", author: amy, now: now)
                }
            }
            let browser = PagesBrowser(test)

            var seen: Set<Substring> = []
            var next: String? = "?"
            var count = 0
            while let query = next, count < 100 {
                let page = try await browser.get("/amy/bees/issues" + query).text
                let numbers = page.matches(of: /href="\/amy\/bees\/issues\/([0-9]+)"/).map(\.1)
                #expect(seen.isDisjoint(with: numbers))
                seen.formUnion(numbers)
                next = page.firstMatch(of: /rel="next" href="([^"]+)"/).map { String($0.1) }
                count += 1
            }

            #expect(seen.count == 2000 && count == 67)
            let last = try await browser.get("/amy/bees/issues?sort=oldest&page=67").text
            #expect(last.contains("1981–2000 of 2000") && last.contains("Number 2000<"))
            #expect(last.contains("href=\"?sort=oldest&amp;page=66\""))
            let beyond = try await browser.get("/amy/bees/issues?page=1000000")
            #expect(beyond.status == 200 && beyond.text.contains("Nothing on this page"))
        }
    }

    @Test("Lists are filtered by label, people, milestone and text, and keep that over pages")
    func filters() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            for name in ["bug", "docs & more"] {
                _ = try await amy.post(
                    "repos/amy/bees/labels", ["name": .string(name), "color": "00ff00"])
            }
            _ = try await amy.post("repos/amy/bees/milestones", ["title": "1.0"])
            _ = try await amy.post(
                "repos/amy/bees/issues",
                ["title": "One", "labels": [1, 2], "assignees": ["bob"], "milestone": 1])
            _ = try await amy.post("repos/amy/bees/issues", ["title": "Two", "labels": [1]])
            _ = try await test.client("carl").post(
                "repos/amy/bees/issues", ["title": "Three", "body": "honey"])
            _ = try await amy.patch("repos/amy/bees/issues/2", ["state": "closed"])
            let browser = PagesBrowser(test)

            for (query, titles) in [
                ("", ["One", "Three"]), ("?state=closed", ["Two"]),
                ("?state=all", ["One", "Two", "Three"]), ("?label=bug", ["One"]),
                ("?state=all&label=bug", ["One", "Two"]),
                ("?state=all&label=bug&label=docs+%26+more", ["One"]), ("?label=nix", []),
                ("?assignee=bob", ["One"]), ("?assignee=*nobody*", ["Three"]),
                ("?assignee=nobody-at-all", []), ("?author=carl", ["Three"]),
                ("?milestone=1.0", ["One"]), ("?milestone=2.0", []), ("?q=HONEY", ["Three"]),
                ("?q=%231", ["One"]), ("?state=all&q=2", ["Two"]),
            ] {
                let page = try await browser.get("/amy/bees/issues" + query).text
                for title in ["One", "Two", "Three"] {
                    #expect(page.contains(">\(title)</a>") == titles.contains(title), "\(query)")
                }
            }
            let sorted = try await browser.get(
                "/amy/bees/issues?state=all&sort=oldest&label=bug"
            ).text
            let places = ["One", "Two"].compactMap { sorted.range(of: ">\($0)</a>")?.lowerBound }
            #expect(places.count == 2 && places[0] < places[1])
            #expect(sorted.contains("<b>1</b> open") && sorted.contains("<b>1</b> closed"))
            #expect(sorted.contains("href=\"?sort=oldest&amp;label=bug&amp;state=closed\""))
        }
    }

    @Test("An issue's page tells what was done, and what it waits for")
    func timeline() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            for title in ["First", "Second"] {
                _ = try await amy.post("repos/amy/bees/issues", ["title": .string(title)])
            }
            _ = try await amy.post(
                "repos/amy/bees/labels", ["name": "bug", "color": "00ff00"])
            _ = try await amy.post("repos/amy/bees/issues/1/labels", ["labels": [1]])
            _ = try await amy.post("repos/amy/bees/issues/1/assignees", ["assignees": ["bob"]])
            _ = try await amy.post("repos/amy/bees/issues/2/comments", ["body": "See #1"])
            _ = try await amy.post("repos/amy/bees/issues/1/reactions", ["content": "heart"])
            _ = try await amy.post(
                "repos/amy/bees/issues/1/dependencies",
                ["owner": "amy", "repo": "bees", "index": 2])

            let page = try await PagesBrowser(test).get("/amy/bees/issues/1").text

            let events = [
                "<b>amy</b> added", "<b>amy</b> assigned <b>bob</b>", "<b>amy</b> named it in",
                "<b>amy</b> made it wait for",
            ].map { page.range(of: $0)?.lowerBound }
            #expect(events.allSatisfy { $0 != nil })
            #expect(events.compactMap { $0 } == events.compactMap { $0 }.sorted())
            #expect(page.contains("<h2>Waits for</h2>") && page.contains("title=\"amy: heart\""))
            #expect(page.contains("Sign in to comment") && !page.contains("<textarea"))
        }
    }

    @Test("What a stranger may not see isn't named on pages either")
    func privacy() async throws {
        try await TestForge.with { test async throws in
            let secret = try await test.forge.create(
                owner: "amy", name: "secret", seed: .readme, isPrivate: true)
            let amy = test.client()
            _ = try await amy.post("repos/amy/bees/issues", ["title": "Open"])
            _ = try await amy.post(
                "repos/amy/secret/issues", ["title": "Hush", "body": "amy/bees#1"])
            let stranger = PagesBrowser(test)
            let owner = try await PagesBrowser.signedIn("amy", test)

            #expect(try await !stranger.get("/").text.contains("secret"))
            #expect(try await !stranger.get("/amy/bees/issues/1").text.contains("Hush"))
            for path in ["", "/issues", "/issues/1", "/branches", "/labels", "/src/branch/main"] {
                let page = "/\(secret.fullName)\(path)"
                #expect(try await stranger.get(page).status == 404, "\(path)")
                #expect(try await owner.get(page).status == 200, "\(path)")
            }
            #expect(try await owner.get("/amy/bees/issues/1").text.contains("Hush"))
        }
    }

    @Test("Hooks and their deliveries are shown to administrators only")
    func hooks() async throws {
        try await TestForge.with { test async throws in
            let hook = try await test.client().post(
                "repos/amy/bees/hooks",
                [
                    "type": "gitea", "active": false, "events": ["issues"],
                    "config": [
                        "url": "http://127.0.0.1:9/<b>", "content_type": "json",
                        "secret": "never shown",
                    ],
                ])
            let id = try #require(hook.json["id"]?.int)
            try await test.forge.store.write { db, now in
                try DeliveryRow.insert(
                    db, hook: Int64(id), uuid: "u-1", event: .issues, payload: "{\"<b>\":1}",
                    now: now)
            }
            let amy = try await PagesBrowser.signedIn("amy", test)

            let list = try await amy.get("/amy/bees/hooks").text
            let deliveries = try await amy.get("/amy/bees/hooks/\(id)").text

            #expect(list.contains("127.0.0.1:9/&lt;b&gt;") && list.contains("signed"))
            #expect(deliveries.contains("u-1") && deliveries.contains("&lt;b&gt;&quot;:1"))
            #expect(!(list + deliveries).contains("never shown"))
            #expect(try await amy.get("/amy/bees/hooks/\(id + 1)").status == 404)
            #expect(try await PagesBrowser(test).get("/amy/bees/hooks").status == 401)
            let bob = try await PagesBrowser.signedIn("bob", test)
            #expect(try await bob.get("/amy/bees/hooks").status == 403)
            #expect(try await !bob.get("/amy/bees").text.contains("/hooks\""))
        }
    }

    @Test("Pages that aren't there say so and what to do, and the style is served")
    func others() async throws {
        try await TestForge.with { test async throws in
            let client = test.client(nil)
            for path in [
                "/amy/none", "/amy/bees/issues/7", "/amy/bees/nothing", "/nobody",
                "/amy/bees/src/branch/none", "/amy/bees/src/branch/main/none",
                "/amy/bees/src/tag/x", "/amy/bees/commit/none", "/amy/bees/commits/none",
                "/amy/bees/pulls/1/files",
            ] {
                let page = try await client.raw("GET", path)
                #expect(page.status == 404, "\(path)")
                #expect(page.text.contains("<h1>Not found</h1>"), "\(path)")
                #expect(page.text.contains("Sign in") && page.text.contains("All repositories"))
            }
            #expect(
                try await client.raw("GET", "/amy/none").text.contains("There is no such page."))
            let style = try await client.raw("GET", "/assets/forge.css")
            #expect(style.header("Content-Type") == "text/css; charset=utf-8")
            #expect(!style.text.contains("url(") && !style.text.contains("@import"))
            let head = try await client.raw("HEAD", "/amy/bees/issues")
            #expect(head.status == 200 && head.bytes.isEmpty)
        }
    }

    @Test("Browsers find an icon, and the foot names the version")
    func furnishings() async throws {
        try await TestForge.with { test async throws in
            let client = test.client(nil)
            #expect(try await client.raw("GET", "/favicon.ico").status == 204)
            let icon = try await client.raw("GET", "/assets/favicon.svg")
            #expect(icon.header("Content-Type") == "image/svg+xml")
            let page = try await client.raw("GET", "/")
            #expect(page.text.contains("Skep's embedded tracker, Skep 7.8.9. Its API"))
        }
    }

    @Test("A user's page has that user's repositories only, and counts have their number")
    func ownersPage() async throws {
        try await TestForge.with { test async throws in
            _ = try await test.forge.create(owner: "bob", name: "hives", seed: .empty)
            _ = try await test.forge.addIssue(to: test.repository, title: "x")
            let client = test.client(nil)

            let all = try await client.raw("GET", "/").text
            let bobs = try await client.raw("GET", "/BOB").text
            let none = try await client.raw("GET", "/carl").text

            #expect(all.contains("amy/bees") && all.contains("bob/hives"))
            #expect(all.contains(">1 open issue<") && all.contains(">0 open issues<"))
            #expect(!bobs.contains("amy/bees") && bobs.contains("bob/hives"))
            #expect(bobs.contains("Repositories of bob"))
            #expect(none.contains("carl has no repository here."))
        }
    }

    @Test("Everything is shown without the git program but what git has")
    func withoutGit() async throws {
        try await TestForge.with(git: GitCommand(isInstalled: false, path: "")) {
            test async throws in
            let browser = PagesBrowser(test)
            #expect(try await browser.get("/").status == 200)
            #expect(try await browser.get("/amy").status == 200)
        }
    }

    @Test("A difference is read into files, hunks and lines, whatever its lines look like")
    func diffs() throws {
        let diff = Diff(
            """
            diff --git a/a b.txt b/a b.txt
            index 1..2 100644
            --- a/a b.txt\t
            +++ b/a b.txt\t
            @@ -1,2 +1,3 @@ f()
             same
            --- not a header
            +++ nor this
            +@@ -1 +1 @@
            \\ No newline at end of file
            diff --git "a/\\303\\274" "b/\\303\\274"
            new file mode 100644
            --- /dev/null
            +++ "b/\\303\\274"
            @@ -0,0 +1 @@
            +x
            diff --git a/old b/new
            similarity index 100%
            rename from old
            rename to new
            diff --git a/p.png b/p.png
            GIT binary patch
            literal 3
            """)

        #expect(diff.files.map(\.path) == ["a b.txt", "ü", "new", "p.png"])
        let lines = try #require(diff.files.first?.hunks.first?.lines)
        #expect(
            lines.map(\.text) == [
                "same", "-- not a header", "++ nor this", "@@ -1 +1 @@",
                "\\ No newline at end of file",
            ])
        #expect(lines.map(\.newNumber) == [1, nil, 2, 3, nil])
        #expect(diff.files[2].oldPath == "old")
        #expect(diff.files[3].isBinary)
        #expect(diff.hunk(of: "ü", oldLine: 0, newLine: 1) == "@@ -0,0 +1 @@\n+x")
        #expect(diff.hunk(of: "ü", oldLine: 0, newLine: 9) == "")
    }
}
