import Foundation
import Testing

@testable import SkepForge

@Suite("Pages")
struct PageTests {
    @Test(
        "Markdown is rendered in a small part, and the rest is text",
        arguments: [
            ("a **b** `c<d>`", "<p>a <strong>b</strong> <code>c&lt;d&gt;</code></p>"),
            ("<b>x</b> & \"y\"", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &quot;y&quot;</p>"),
            ("- one\n- two\n  more", "<ul><li>one</li><li>two\nmore</li></ul>"),
            ("1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"),
            ("# T\ntext", "<h3>T</h3><p>text</p>"),
            ("> q\n> r", "<blockquote><p>q\nr</p></blockquote>"),
            (
                "```swift\n**x** <y>\n```\nend",
                "<pre><code>**x** &lt;y&gt;\n</code></pre><p>end</p>"
            ),
            ("```\nopen", "<pre><code>open\n</code></pre>"),
            (
                "[a](https://x.org/?a=1&b=2)",
                "<p><a href=\"https://x.org/?a=1&amp;b=2\" rel=\"nofollow noreferrer\">a</a></p>"
            ),
            ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
            (
                "[a](https://x\"onclick=1)",
                "<p><a href=\"https://x&quot;onclick=1\" rel=\"nofollow noreferrer\">a</a></p>"
            ),
            ("snake_case_name and 2*3*4", "<p>snake_case_name and 2<em>3</em>4</p>"),
            (
                "see https://x.org/a.",
                "<p>see <a href=\"https://x.org/a\" rel=\"nofollow noreferrer\">https://x.org/a</a>.</p>"
            ),
            ("<!-- skep:1 -->\nDone", "<p>Done</p>"),
            ("a <!-- b\nc --> d", "<p>a \n d</p>"),
            ("```\n<!-- kept -->\n```", "<pre><code>&lt;!-- kept --&gt;\n</code></pre>"),
            ("<!-- never closed <script>", ""),
            ("", ""),
            (
                "It ended.\n<details><summary>Output of `x`</summary>\n\n```text\n</details> <b>\n```\n\n</details>\n\nEnd",
                "<p>It ended.</p><details><summary>Output of <code>x</code></summary><pre><code>&lt;/details&gt; &lt;b&gt;\n</code></pre></details><p>End</p>"
            ),
            (
                "<details>\n<summary>A</summary>\nin <i>\n</details>",
                "<details><summary>A</summary><p>in &lt;i&gt;</p></details>"
            ),
            (
                "<details><summary>A</summary>x</details>\ny",
                "<details><summary>A</summary><p>x</p></details><p>y</p>"
            ),
            (
                "<details><summary>A</summary>\n<details>\nb\n</details>\nc",
                "<details><summary>A</summary><details><p>b</p></details><p>c</p></details>"
            ),
            (
                "</details>\n<details onclick=x>\n<summary>",
                "<p>&lt;/details&gt;\n&lt;details onclick=x&gt;\n&lt;summary&gt;</p>"
            ),
        ])
    func markdown(_ source: String, _ html: String) {
        #expect(Markdown.html(source) == html)
    }

    @Test("Text that is made to be slow is rendered quickly", .timeLimit(.minutes(1)))
    func hostileMarkdown() {
        for piece in [
            "**a ", "[", "`", "> ", "*_", "<!--", "- ", "[a](", "``` ", "<details>", "<details>\n",
            "</details>\n", "<details><summary>\n",
        ] {
            _ = Markdown.html(String(repeating: piece, count: 60_000))
        }
    }

    @Test("What is written on the tracker is shown as text on every page")
    func escaping() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let evil = "<script>alert('x')</script>{{title}}"
            _ = try await amy.post(
                "repos/amy/bees/labels", ["name": .string(evil), "color": "ff0000"])
            _ = try await amy.post(
                "repos/amy/bees/issues",
                ["title": .string(evil), "body": .string(evil), "labels": [1]])
            _ = try await amy.post("repos/amy/bees/issues/1/comments", ["body": .string(evil)])
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await git.commit(evil + "\n", to: "<b>.txt", on: "work", message: evil)
            try await git("push", "-q", "origin", "work")
            let head = try await git("rev-parse", "HEAD")
            _ = try await amy.post(
                "repos/amy/bees/pulls",
                ["title": .string(evil), "body": .string(evil), "head": "work", "base": "main"])
            _ = try await amy.post(
                "repos/amy/bees/statuses/\(head)",
                ["state": "success", "context": .string(evil), "description": .string(evil)])
            _ = try await test.client("bob").post(
                "repos/amy/bees/pulls/2/reviews",
                [
                    "event": "APPROVED", "body": .string(evil),
                    "comments": [["path": "<b>.txt", "body": .string(evil), "new_position": 1]],
                ])

            for path in [
                "/", "/amy", "/amy/bees", "/amy/bees/issues", "/amy/bees/issues/1",
                "/amy/bees/pulls",
                "/amy/bees/pulls/2", "/amy/bees/issues/2", "/amy/bees/commit/\(head)",
            ] {
                let page = try await test.client(nil).raw("GET", path)
                #expect(page.status == 200, "\(path)")
                #expect(!page.text.contains("<script"), "\(path)")
                #expect(!page.text.contains("<b>.txt"), "\(path)")
                #expect(
                    page.header("Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
            }
            let issue = try await test.client(nil).raw("GET", "/amy/bees/issues/1")
            #expect(issue.text.contains("&lt;script&gt;alert"))
            let pull = try await test.client(nil).raw("GET", "/amy/bees/pulls/2")
            for text in [
                "approved", "&lt;b&gt;.txt", "class=\"added\"", "1 commit", "without conflict",
            ] {
                #expect(pull.text.contains(text), "\(text)")
            }
        }
    }

    @Test("Pages that aren't there say so, and the style is served")
    func others() async throws {
        try await TestForge.with { test async throws in
            let client = test.client(nil)
            #expect(try await client.raw("GET", "/amy/none").status == 404)
            #expect(try await client.raw("GET", "/amy/bees/issues/7").status == 404)
            let style = try await client.raw("GET", "/assets/forge.css")
            #expect(style.header("Content-Type") == "text/css; charset=utf-8")
            let head = try await client.raw("HEAD", "/amy/bees/issues")
            #expect(head.status == 200 && head.bytes.isEmpty)
        }
    }

    @Test("A page that isn't there is called a page")
    func missingPage() async throws {
        try await TestForge.with { test async throws in
            let page = try await test.client(nil).raw("GET", "/amy/none")
            #expect(page.text.contains("There is no such page."))
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

    @Test("A branch's name leads to its commits")
    func branchCommits() async throws {
        try await TestForge.with { test async throws in
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await git.commit("1\n", to: "a.txt", on: "agent/x#1", message: "Fly <higher>")
            try await git("push", "-q", "origin", "agent/x#1")
            let client = test.client(nil)

            let branches = try await client.raw("GET", "/amy/bees").text
            #expect(branches.contains("href=\"/amy/bees/commits/agent/x%231\""))
            let commits = try await client.raw("GET", "/amy/bees/commits/agent/x%231")
            #expect(commits.status == 200)
            #expect(commits.text.contains("Fly &lt;higher&gt;"))
            #expect(commits.text.contains("2 commits of"))
            #expect(try await client.raw("GET", "/amy/bees/commits/none").status == 404)
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
