import Foundation
import Testing

@testable import SkepForge

@Suite("Pages of code")
struct PagesCodeTests {
    @Test("A branch's name leads to its files and its commits")
    func branchCommits() async throws {
        try await TestForge.with { test async throws in
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await git.commit("1\n", to: "a.txt", on: "agent/x#1", message: "Fly <higher>")
            try await git("push", "-q", "origin", "agent/x#1")
            let browser = PagesBrowser(test)

            let branches = try await browser.get("/amy/bees/branches").text
            #expect(branches.contains("href=\"/amy/bees/commits/agent/x%231\""))
            #expect(branches.contains("href=\"/amy/bees/src/branch/agent/x%231\""))
            let commits = try await browser.get("/amy/bees/commits/agent/x%231")
            #expect(commits.status == 200)
            #expect(commits.text.contains("Fly &lt;higher&gt;"))
            #expect(commits.text.contains("2 commits of"))
            let file = try await browser.get("/amy/bees/src/branch/agent/x%231/a.txt")
            #expect(file.text.contains("<tr id=\"L1\">"))
            let commit = try await git("rev-parse", "HEAD")
            #expect(file.text.contains("/amy/bees/src/commit/\(commit)/a.txt"))
            let fixed = try await browser.get("/amy/bees/src/commit/\(commit.prefix(10))/a.txt")
            #expect(fixed.status == 200)
            let page = try await browser.get("/amy/bees/commit/\(commit)")
            #expect(
                page.text.contains("Fly &lt;higher&gt;") && page.text.contains("class=\"added\""))
            let text = try await browser.get("/amy/bees/commit/\(commit).diff")
            #expect(text.header("Content-Type") == "text/plain; charset=utf-8")
            #expect(text.text.hasPrefix("diff --git a/a.txt b/a.txt"))
        }
    }

    @Test("The first page of a repository has its files and its README")
    func readme() async throws {
        try await TestForge.with { test async throws in
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try git.write("# Bees\n\n[Guide](docs/guide.md), see #1\n", to: "README.md")
            try git.write("# Guide\n\n[back](../README.md)\n", to: "docs/guide.md")
            try await git.commit("x\n", to: "src/a b.txt", on: "main")
            try await git("push", "-q", "origin", "main")
            let browser = PagesBrowser(test)

            let start = try await browser.get("/amy/bees").text
            let guide = try await browser.get("/amy/bees/src/branch/main/docs/guide.md").text
            let source = try await browser.get(
                "/amy/bees/src/branch/main/docs/guide.md?view=source"
            ).text
            let folder = try await browser.get("/amy/bees/src/branch/main/src").text

            #expect(start.contains("<h3>Bees</h3>"))
            #expect(start.contains("href=\"/amy/bees/src/branch/main/docs/guide.md\""))
            #expect(start.contains("href=\"/amy/bees/issues/1\">#1</a>"))
            let folders = [start.range(of: ">docs</a>"), start.range(of: ">README.md</a>")]
            #expect(
                folders[0]?.lowerBound ?? start.endIndex < folders[1]?.lowerBound
                    ?? start.startIndex)
            #expect(guide.contains("href=\"/amy/bees/src/branch/main/README.md\""))
            #expect(source.contains("# Guide") && !source.contains("<h3>Guide</h3>"))
            #expect(folder.contains("href=\"/amy/bees/src/branch/main/src/a%20b.txt\""))
            #expect(folder.contains("aria-label=\"The folder above\""))
        }
    }

    @Test("Files that aren't text are shown as pictures, or not at all, and never run")
    func binaries() async throws {
        try await TestForge.with { test async throws in
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 1]
            for (name, bytes) in [("p.png", png), ("x.bin", [0, 1, 2]), ("l.txt", [0xFF, 0x41])] {
                try Data(bytes).write(to: URL(fileURLWithPath: test.folder + "/work/" + name))
            }
            try git.write("", to: "empty")
            try await git.commit("<svg onload=alert(1)>\n", to: "v.svg", on: "main")
            try await git("push", "-q", "origin", "main")
            let browser = PagesBrowser(test)
            func page(_ name: String) async throws -> String {
                try await browser.get("/amy/bees/src/branch/main/\(name)").text
            }

            #expect(try await page("p.png").contains("src=\"data:image/png;base64,iVBORw0KGgo"))
            #expect(try await page("x.bin").contains("A binary file"))
            #expect(try await page("l.txt").contains("A binary file"))
            #expect(try await page("empty").contains("The file is empty."))
            #expect(try await page("v.svg").contains("&lt;svg onload"))
            let raw = try await browser.get("/amy/bees/raw/branch/main/v.svg")
            #expect(raw.header("Content-Type") == "text/plain; charset=utf-8")
            #expect(raw.header("X-Content-Type-Options") == "nosniff")
            let bytes = try await browser.get("/amy/bees/raw/branch/main/p.png")
            #expect(bytes.header("Content-Type") == "application/octet-stream")
            #expect(bytes.bytes == png)
        }
    }

    @Test("A repository with nothing in it says how to push")
    func empty() async throws {
        try await TestForge.with(isEmpty: true) { test async throws in
            let browser = PagesBrowser(test)
            for path in ["/amy/bees", "/amy/bees/branches"] {
                let page = try await browser.get(path)
                #expect(page.status == 200 && page.text.contains("Nothing was pushed yet."))
            }
        }
    }
}
