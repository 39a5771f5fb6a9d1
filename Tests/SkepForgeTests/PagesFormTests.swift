import SkepCore
import Testing

@testable import SkepForge

@Suite("Forms on pages")
struct PagesFormTests {
    @Test("Who signed in writes an issue with labels and assignees, and comments it")
    func writing() async throws {
        try await TestForge.with { test async throws in
            _ = try await test.client().post(
                "repos/amy/bees/labels", ["name": "bug", "color": "ff0000"])
            let amy = try await PagesBrowser.signedIn("amy", test)

            let made = try await amy.submit(
                "/amy/bees/issues/new",
                ["title": " Fly & <sting> ", "body": "a\r\nb", "label": "1", "assignee": "bob"])
            #expect(made.status == 303 && made.header("Location") == "/amy/bees/issues/1")
            let said = try await amy.submit(
                "/amy/bees/issues/1/comments", ["body": "Hm + 100 %\r\nü"],
                shownAt: "/amy/bees/issues/1")

            #expect(said.status == 303)
            #expect(said.header("Location")?.hasPrefix("/amy/bees/issues/1#issuecomment-") == true)
            let issue = try await test.client().get("repos/amy/bees/issues/1").json
            #expect(issue["title"] == "Fly & <sting>" && issue["body"] == "a\nb")
            #expect(issue["labels"]?[0]?["name"] == "bug")
            #expect(issue["assignees"]?[0]?["login"] == "bob")
            let comments = try await test.client().get("repos/amy/bees/issues/1/comments").json
            #expect(comments[0]?["body"] == "Hm + 100 %\nü")
            #expect(comments[0]?["user"]?["login"] == "amy")
        }
    }

    @Test("Labels, assignees, milestone and state are changed by forms")
    func changing() async throws {
        try await TestForge.with { test async throws in
            let client = test.client()
            _ = try await client.post(
                "repos/amy/bees/labels", ["name": "bug", "color": "ff0000"])
            _ = try await client.post("repos/amy/bees/milestones", ["title": "1.0"])
            _ = try await client.post("repos/amy/bees/issues", ["title": "x"])
            let amy = try await PagesBrowser.signedIn("amy", test)
            let issue = "/amy/bees/issues/1"
            func change(_ word: String, _ fields: [String: String]) async throws -> JSON {
                let answer = try await amy.submit("\(issue)/\(word)", fields, shownAt: issue)
                #expect(answer.status == 303, "\(word) \(fields)")
                return try await client.get("repos/amy/bees/issues/1").json
            }

            #expect(try await change("labels", ["add": "1"])["labels"]?.array.count == 1)
            #expect(try await change("labels", ["remove": "1"])["labels"]?.array.count == 0)
            #expect(
                try await change("assignees", ["add": "bob"])["assignee"]?["login"] == "bob")
            #expect(try await change("assignees", ["remove": "bob"])["assignee"] == .null)
            #expect(
                try await change("milestone", ["milestone": "1"])["milestone"]?["title"] == "1.0")
            #expect(try await change("milestone", ["milestone": "0"])["milestone"] == .null)
            #expect(try await change("state", ["then": "close"])["state"] == "closed")
            #expect(try await change("comments", ["then": "reopen"])["state"] == "open")
            let ended = try await change("comments", ["then": "close", "body": "Done."])
            #expect(ended["state"] == "closed" && ended["comments"]?.int == 1)
        }
    }

    @Test("A pull request is reviewed and merged by forms")
    func merging() async throws {
        try await TestForge.with { test async throws in
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await git.commit("1\n", to: "a.txt", on: "work")
            try await git("push", "-q", "origin", "work")
            _ = try await test.client().post(
                "repos/amy/bees/pulls", ["title": "Work", "head": "work", "base": "main"])
            let pull = "/amy/bees/pulls/1"
            let bob = try await PagesBrowser.signedIn("bob", test)
            let amy = try await PagesBrowser.signedIn("amy", test)

            let asked = try await amy.submit(
                pull + "/reviewers", ["add": "bob"], shownAt: pull)
            #expect(asked.status == 303)
            #expect(try await amy.get(pull).text.contains("No longer ask bob"))
            let own = try await amy.submit(
                pull + "/reviews", ["event": "APPROVED", "body": "Mine"], shownAt: pull)
            #expect(own.status == 422)
            let review = try await bob.submit(
                pull + "/reviews", ["event": "APPROVED", "body": ""], shownAt: pull)
            #expect(review.status == 303)
            let shown = try await amy.get(pull).text
            #expect(shown.contains("Approved"))
            let head = try #require(PagesBrowser.values(of: "head", in: shown).first)
            let stale = try await amy.submit(
                pull + "/merge",
                ["style": "squash", "head": String(repeating: "1", count: 40)], shownAt: pull)
            #expect(stale.status == 409 && stale.text.contains("role=\"alert\""))
            let merged = try await amy.submit(
                pull + "/merge", ["style": "squash", "head": head, "delete_branch": "yes"],
                shownAt: pull)

            #expect(merged.status == 303)
            let json = try await test.client().get("repos/amy/bees/pulls/1").json
            #expect(json["merged"] == true && json["merged_by"]?["login"] == "amy")
            let after = try await amy.get(pull).text
            #expect(after.contains("Merged by amy") && !after.contains("action=\"\(pull)/merge\""))
            #expect(try await !amy.get("/amy/bees/branches").text.contains(">work<"))
        }
    }

    @Test("A title and a text are changed by whoever wrote them, unless somebody else was faster")
    func editing() async throws {
        try await TestForge.with { test async throws in
            _ = try await test.client("carl").post(
                "repos/amy/bees/issues", ["title": "x", "body": "1"])
            let edit = "/amy/bees/issues/1/edit"
            let carl = try await PagesBrowser.signedIn("carl", test)
            let bob = try await PagesBrowser.signedIn("bob", test)
            let version = try #require(
                PagesBrowser.values(of: "text_version", in: try await carl.get(edit).text).first)

            let first = try await bob.submit(
                edit, ["title": "y", "body": "2", "text_version": version])
            let second = try await carl.submit(
                edit, ["title": "z", "body": "<3>", "text_version": version])

            #expect(first.status == 303 && second.status == 409)
            #expect(second.text.contains("&lt;3&gt;</textarea>"))
            let issue = try await test.client().get("repos/amy/bees/issues/1").json
            #expect(issue["title"] == "y" && issue["body"] == "2")
        }
    }

    @Test("Wrong input gives the form back with what was typed and why")
    func drafts() async throws {
        try await TestForge.with { test async throws in
            _ = try await test.client().post("repos/amy/bees/issues", ["title": "x"])
            let amy = try await PagesBrowser.signedIn("amy", test)

            let issue = try await amy.submit(
                "/amy/bees/issues/new",
                ["title": "  ", "body": "Long <thought>", "assignee": "bob"])
            #expect(issue.status == 422 && issue.text.contains("An issue needs a title."))
            #expect(issue.text.contains("Long &lt;thought&gt;</textarea>"))
            #expect(issue.text.contains("value=\"bob\" checked"))
            let comment = try await amy.submit(
                "/amy/bees/issues/1/comments", ["body": " \n"], shownAt: "/amy/bees/issues/1")
            #expect(comment.status == 422 && comment.text.contains("A comment needs a text."))
            let label = try await amy.submit(
                "/amy/bees/labels", ["name": "a", "color": "<mauve>"])
            #expect(label.status == 422 && label.text.contains("&lt;mauve&gt;"))
            #expect(label.text.contains("name=\"name\" value=\"a\""))
            for (word, fields) in [
                ("labels", ["add": ""]), ("labels", ["add": "77x"]), ("assignees", ["add": ""]),
                ("assignees", ["add": "nobody-at-all"]), ("state", ["then": "explode"]),
                ("milestone", ["milestone": "x"]),
            ] {
                let answer = try await amy.submit(
                    "/amy/bees/issues/1/\(word)", fields, shownAt: "/amy/bees/issues/1")
                #expect(answer.status == 422, "\(word) \(fields)")
                #expect(answer.text.contains("role=\"alert\""), "\(word) \(fields)")
            }
        }
    }

    @Test("Forms of strangers and of other sites' pages change nothing")
    func refusals() async throws {
        try await TestForge.with { test async throws in
            let client = test.client()
            _ = try await client.post(
                "repos/amy/bees/labels", ["name": "bug", "color": "ff0000"])
            _ = try await client.post("repos/amy/bees/issues", ["title": "x"])
            let git = try await Git.clone(test.cloneURL("amy"), to: test.folder + "/work")
            try await git.commit("1\n", to: "a.txt", on: "work")
            try await git("push", "-q", "origin", "work")
            _ = try await client.post(
                "repos/amy/bees/pulls", ["title": "Work", "head": "work", "base": "main"])
            let forms: [(path: String, fields: [String: String])] = [
                ("/amy/bees/issues/new", ["title": "y", "body": "<typed>"]),
                ("/amy/bees/issues/1/comments", ["body": "<typed>"]),
                ("/amy/bees/issues/1/state", ["then": "close"]),
                ("/amy/bees/issues/1/labels", ["add": "1"]),
                ("/amy/bees/issues/1/assignees", ["add": "bob"]),
                ("/amy/bees/issues/1/milestone", ["milestone": "0"]),
                ("/amy/bees/issues/1/edit", ["title": "z"]),
                ("/amy/bees/pulls/2/merge", ["style": "merge"]),
                ("/amy/bees/pulls/2/reviews", ["event": "COMMENT", "body": "x"]),
                ("/amy/bees/pulls/2/reviewers", ["add": "bob"]),
                ("/amy/bees/labels", ["name": "x", "color": "ff0000"]),
                ("/user/logout", [:]),
            ]
            let stranger = PagesBrowser(test)
            let amy = try await PagesBrowser.signedIn("amy", test)
            let bob = try await PagesBrowser.signedIn("bob", test)
            let bobs = PagesBrowser.values(of: "form_token", in: try await bob.get("/").text)

            for (path, fields) in forms {
                let unknown = try await stranger.send(path, fields)
                #expect(unknown.status == 401, "\(path)")
                #expect(fields["body"] != "<typed>" || unknown.text.contains("&lt;typed&gt;</t"))
                #expect(try await amy.send(path, fields).status == 403, "\(path)")
                let foreign = fields.merging(["form_token": bobs.first ?? ""]) { $1 }
                #expect(try await amy.send(path, foreign).status == 403, "\(path)")
                let header = try await client.raw(
                    "POST", path, body: Array("title=y&body=z".utf8),
                    headers: ["Authorization": "token \(test.tokens["amy"] ?? "")"])
                #expect(header.status == 401, "\(path)")
            }
            let issues = try await client.get("repos/amy/bees/issues?state=all").json
            #expect(issues.array.count == 2)
            #expect(issues.array.allSatisfy { $0["state"] == "open" && $0["comments"] == 0 })
            #expect(issues[1]?["title"] == "x" && issues[1]?["labels"]?.array.count == 0)
            #expect(try await client.get("repos/amy/bees/labels").json.array.count == 1)
        }
    }

    @Test("Who may not write is told so, and isn't shown the forms for it")
    func permissions() async throws {
        try await TestForge.with { test async throws in
            _ = try await test.client().post("repos/amy/bees/issues", ["title": "x"])
            _ = try await test.client().post(
                "repos/amy/bees/labels", ["name": "bug", "color": "ff0000"])
            let carl = try await PagesBrowser.signedIn("carl", test)

            let page = try await carl.get("/amy/bees/issues/1").text
            #expect(page.contains("Write a comment") && !page.contains("issues/1/labels"))
            #expect(!page.contains("value=\"close\"") && !page.contains("issues/1/edit"))
            for (word, fields) in [
                ("labels", ["add": "1"]), ("assignees", ["add": "bob"]),
                ("state", ["then": "close"]),
                ("edit", ["title": "y", "body": "", "text_version": "0"]),
            ] {
                let answer = try await carl.submit(
                    "/amy/bees/issues/1/\(word)", fields, shownAt: "/amy/bees/issues/1")
                #expect(answer.status == 403, "\(word)")
            }
            let said = try await carl.submit(
                "/amy/bees/issues/1/comments", ["body": "Me too"], shownAt: "/amy/bees/issues/1")
            #expect(said.status == 303)
            _ = try await test.client().put("repos/amy/bees/issues/1/lock", [:])
            let locked = try await carl.get("/amy/bees/issues/1").text
            #expect(locked.contains("The conversation is locked"))
            let refused = try await carl.submit(
                "/amy/bees/issues/1/comments", ["body": "Again"], shownAt: "/amy/bees/issues/1")
            #expect(refused.status == 403 && refused.text.contains("role=\"alert\""))
        }
    }
}
