import Foundation
import Testing

@testable import SkepForge

@Suite("Files over the API")
struct ContentTests {
    private let contents = "repos/amy/bees/contents"

    private func base64(_ text: String) -> JSON {
        .string(Data(text.utf8).base64EncodedString())
    }

    @Test("A file is made, read, changed by its sha and deleted by it")
    func lifeOfAFile() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let path = contents + "/src/bee%20one.txt"
            let made = try await amy.post(
                path, ["content": base64("one"), "message": "Add a bee"])
            let sha = JSON(made.json["content"]?["sha"]?.string)

            #expect(made.status == 201)
            #expect(made.json["commit"]?["message"]?.string == "Add a bee\n")
            #expect(made.json["commit"]?["author"]?["name"]?.string == "amy")
            let read = try await amy.get(path)
            #expect(read.json["content"] == base64("one"))
            #expect(read.json["last_commit_sha"] == made.json["commit"]?["sha"])
            #expect(try await amy.post(path, ["content": base64("x")]).status == 422)
            #expect(
                try await amy.put(path, ["content": base64("two"), "sha": "123"]).status == 422)
            let changed = try await amy.put(path, ["content": base64("two"), "sha": sha])
            #expect(changed.status == 200)
            #expect(try await amy.delete(path).status == 422)
            #expect(try await amy.delete(path, ["sha": sha]).status == 422)
            let now = JSON(changed.json["content"]?["sha"]?.string)
            let gone = try await amy.delete(path, ["sha": now])
            #expect(gone.status == 200)
            #expect(gone.json["content"] == .null)
            #expect(try await amy.get(path).status == 404)
            #expect(try await test.client("carl").put(path, ["content": base64("x")]).status == 403)
            #expect(try await amy.put(path, ["content": "!!"]).status == 422)
            #expect(
                try await amy.post(contents + "/a/..%2Fb", ["content": base64("x")]).status == 422)
        }
    }

    @Test("Folders are listed, and several files change in one commit on a new branch")
    func severalFiles() async throws {
        try await TestForge.with { test async throws in
            let amy = test.client()
            let done = try await amy.post(
                contents,
                [
                    "message": "Two", "new_branch": "two",
                    "files": [
                        ["operation": "create", "path": "a/one", "content": base64("1")],
                        ["operation": "create", "path": "a/two", "content": base64("2")],
                    ],
                ])

            #expect(done.status == 201)
            #expect(done.json["files"]?.array.count == 2)
            let root = try await amy.get(contents + "?ref=two").json.array
            #expect(root.compactMap { $0["path"]?.string } == ["README.md", "a"])
            #expect(root.compactMap { $0["type"]?.string } == ["file", "dir"])
            // The specification has only the file's shape for this path.
            let folder = try await amy.raw("GET", "/api/v1/\(contents)/a?ref=two")
            #expect(folder.json.array.compactMap { $0["path"]?.string } == ["a/one", "a/two"])
            #expect(try await amy.get(contents + "/a/one").status == 404)
            #expect(
                try await amy.post(contents + "/a/one/x", ["content": "", "branch": "two"]).status
                    == 422)
            let raw = try await amy.get("repos/amy/bees/raw/a/two?ref=two")
            #expect(raw.text == "2")
            let compared = try await amy.get("repos/amy/bees/compare/main...two")
            #expect(compared.json["total_commits"]?.int == 1)
            #expect(compared.json["commits"]?[0]?["files"]?.array.count == 2)
            #expect(
                try await amy.get("repos/amy/bees/compare/two...main").json["total_commits"]?.int
                    == 0)
            #expect(try await amy.get("repos/amy/bees/compare/main...gone").status == 404)
        }
    }

    @Test("The first file of an empty repository makes its default branch")
    func emptyRepository() async throws {
        try await TestForge.with(isEmpty: true) { test async throws in
            let amy = test.client()
            let made = try await amy.post(contents + "/first", ["content": base64("1")])

            #expect(made.status == 201)
            #expect(try await amy.get("repos/amy/bees/branches/main").status == 200)
            #expect(made.json["commit"]?["parents"] == [])
        }
    }
}
