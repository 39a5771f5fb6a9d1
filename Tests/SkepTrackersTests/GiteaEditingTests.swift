import SkepCore
import SkepQueue
import SkepTestSupport
import SkepTrackers
import Testing

@Suite("GiteaTracker: changing issues", .timeLimit(.minutes(5)))
struct GiteaEditingTests {
    let marker = CommentMarker("burndown-3.report")
    let milestone = #"{"id": 4, "title": "1.0", "state": "open", "due_on": "0001-01-01T00:00:00Z"}"#

    @Test("Closing while what blocks it is open is told, with advice")
    func blocked() async throws {
        try await GiteaBench.run(script: {
            $0.method == "PATCH"
                ? .json(#"{"message": "dependencies remain"}"#, status: 412)
                : .json(GiteaJSON.issue(7))
        }) { bench in
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.setOpen(false, bench.issue)
            }

            #expect(error?.kind == .conflict)
            #expect(
                error?.what
                    == "Can't close issue bees/hive#7 while issues that block it are open.")
            #expect(error?.advice != nil)
        }
    }

    @Test("A merged pull request, which takes no state, is closed already and can't be opened")
    func merged() async throws {
        try await GiteaBench.run(script: {
            $0.method == "PATCH"
                ? .json("{}", status: 412)
                : .json(GiteaJSON.issue(7, state: "closed", isPull: true))
        }) { bench in
            try await bench.tracker.setOpen(false, bench.issue)
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.setOpen(true, bench.issue)
            }

            #expect(error == .prevented(subject: "issue bees/hive#7", .merged, message: ""))
        }
    }

    @Test(
        "A write that may be repeated is, after a failure that leaves it open",
        arguments: [500, 502])
    func repeated(status: Int) async throws {
        let isFirst = Shared(true)
        try await GiteaBench.run(script: { _ in
            let fails = isFirst.change { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            return fails
                ? .json("{}", status: status)
                : .json(GiteaJSON.issue(7, state: "closed"), status: 201)
        }) { bench in
            try await bench.tracker.setOpen(false, bench.issue)

            #expect(bench.count("PATCH") == 2)
        }
    }

    @Test("What a tracker only seems to do is told")
    func ignored() async throws {
        try await GiteaBench.run(script: { _ in .json(GiteaJSON.issue(7), status: 201) }) { bench in
            let tracker = bench.tracker
            await #expect(throws: GiteaError.self) { try await tracker.setOpen(false, bench.issue) }
            await #expect(throws: GiteaError.self) {
                try await tracker.setAssignees(["ann"], on: bench.issue)
            }
            let text = try await tracker.text(of: bench.issue)
            let error = await #expect(throws: GiteaError.self) {
                try await tracker.replaceText(of: bench.issue, body: "New", expecting: text)
            }

            guard case .ignored = error else {
                Testing.Issue.record("\(error as Any)")
                return
            }
            #expect(error?.kind == .refused && error?.advice?.contains("write access") == true)
        }
    }

    @Test("Assignees and milestones are set by the edit, and taken away by it")
    func assigned() async throws {
        let milestone = milestone
        try await GiteaBench.run(script: { request in
            switch (request.method, request.text) {
            case ("GET", _): .json("[\(milestone)]")
            case ("PATCH", #"{"assignees":["ann","Bob"]}"#):
                .json(GiteaJSON.issue(7, assignees: ["bob", "ann"]), status: 201)
            case ("PATCH", #"{"milestone":4}"#):
                .json(GiteaJSON.issue(7, milestone: milestone), status: 201)
            default: .json(GiteaJSON.issue(7), status: 201)
            }
        }) { bench in
            let tracker = bench.tracker
            try await tracker.setAssignees(["ann", "Bob"], on: bench.issue)
            try await tracker.setAssignees([], on: bench.issue)
            let found = try #require(try await tracker.milestones(in: bench.repository).first)
            try await tracker.setMilestone(found, on: bench.issue)
            try await tracker.setMilestone(nil, on: bench.issue)

            #expect(found.title == "1.0" && found.isOpen && found.dueAt == nil)
            #expect(
                bench.server.requests.filter { $0.method == "PATCH" }.map(\.text) == [
                    #"{"assignees":["ann","Bob"]}"#, #"{"assignees":[]}"#, #"{"milestone":4}"#,
                    #"{"milestone":0}"#,
                ])
        }
    }

    @Test("An issue tells its milestone and its comments")
    func read() async throws {
        let json = GiteaJSON.issue(7, comments: 3, milestone: milestone)
        try await GiteaBench.run(script: { _ in .json(json) }) { bench in
            let issue = try await bench.tracker.issue(bench.issue)

            #expect(issue.milestone == "1.0" && issue.commentCount == 3)
        }
    }

    @Test("A milestone is made once")
    func milestoneOnce() async throws {
        let made = Shared<[String]>([])
        let milestone = milestone
        try await GiteaBench.run(script: { request in
            guard request.method == "POST" else { return .json(GiteaJSON.list(made.value)) }
            made.change { $0.append(milestone) }
            return .json("{}", status: 500)
        }) { bench in
            for _ in 0..<2 {
                let id = try await bench.tracker.createMilestone("1.0", in: bench.repository).id
                #expect(id == 4)
            }
            #expect(bench.count("POST") == 1)
        }
    }

    @Test("An issue is opened once, its labels by ids, and those that don't exist left out")
    func opened() async throws {
        let issues = Shared<[String]>([])
        let body = "Text\n\n\(marker)"
        try await GiteaBench.run(script: { request in
            switch (request.method, request.path) {
            case ("POST", _):
                issues.change {
                    $0.append(GiteaJSON.issue(7, body: body, labels: ["bug"], author: "skep"))
                }
                return .json("{}", status: 502)
            case ("GET", "/api/v1/repos/bees/hive/labels"):
                return .json(GiteaJSON.list([GiteaJSON.label(12, "bug")]))
            case ("GET", "/api/v1/orgs/bees/labels"): return .json("{}", status: 404)
            default: return .json(GiteaJSON.list(issues.value))
            }
        }) { bench in
            let new = NewIssue(
                repository: bench.repository, title: "Report", body: "Text",
                labels: ["bug", "bgu"])
            for _ in 0..<2 {
                let issue = try await bench.tracker.openIssue(new, marker: marker)
                #expect(issue.reference == bench.issue)
            }

            let posts = bench.server.requests.filter { $0.method == "POST" }
            #expect(posts.count == 1)
            #expect(posts.first?.text.contains("\"labels\":[12]") == true)
        }
    }

    @Test("Labels that are dropped silently from a new issue are told")
    func labelsDropped() async throws {
        try await GiteaBench.run(script: { request in
            switch (request.method, request.path) {
            case ("POST", _): .json(GiteaJSON.issue(7), status: 201)
            case ("GET", "/api/v1/repos/bees/hive/labels"):
                .json(GiteaJSON.list([GiteaJSON.label(12, "bug")]))
            default: .json("[]")
            }
        }) { bench in
            let new = NewIssue(
                repository: bench.repository, title: "Report", body: "", labels: ["bug"])
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.openIssue(new, marker: marker)
            }

            #expect(error == .ignored(subject: "issue bees/hive#7", what: "put the labels"))
        }
    }

    @Test("The look for a marker ends at the page that has it, and asks for one's own issues")
    func lookEnds() async throws {
        let body = "\(marker)"
        try await GiteaBench.run(script: { request in
            if request.path.hasSuffix("/version") { return .json(#"{"version": "1.27.0"}"#) }
            if request.path.hasSuffix("/user") { return .json(GiteaJSON.user("skep")) }
            let page = request.parameter("page").flatMap { Int($0) } ?? 0
            return .json(
                GiteaJSON.list([
                    GiteaJSON.issue(10 - page, body: page == 2 ? body : "", author: "skep")
                ]),
                headers: [("Link", "<http://x/?page=\(page + 1)>; rel=\"next\"")])
        }) { bench in
            _ = try await bench.tracker.probe()
            let new = NewIssue(repository: bench.repository, title: "Report", body: "")
            let issue = try await bench.tracker.openIssue(new, marker: marker)

            #expect(issue.reference.number == 8)
            #expect(bench.server.requests.last?.parameter("page") == "2")
            #expect(bench.server.requests.last?.parameter("created_by") == "skep")
        }
    }

    @Test("A text is replaced by its version where there is one: 409 is somebody's change")
    func versioned() async throws {
        try await GiteaBench.run(script: {
            $0.method == "PATCH"
                ? .json("{}", status: 409) : .json(GiteaJSON.issue(7, body: "Old", version: 3))
        }) { bench in
            let old = try await bench.tracker.text(of: bench.issue)
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.replaceText(of: bench.issue, body: "New", expecting: old)
            }

            #expect(old.version == 3)
            #expect(error == .prevented(subject: "issue bees/hive#7", .textChanged, message: ""))
            #expect(
                bench.server.requests.last?.text == #"{"body":"New","content_version":3}"#)
        }
    }

    @Test("Where there is no version, the text is compared right before")
    func unversioned() async throws {
        let body = Shared("Old")
        try await GiteaBench.run(script: { request in
            if request.method == "PATCH" { body.change { $0 = "New" } }
            return .json(GiteaJSON.issue(7, body: body.value))
        }) { bench in
            let old = try await bench.tracker.text(of: bench.issue)
            let new = try await bench.tracker.replaceText(
                of: bench.issue, body: "New", expecting: old)
            let error = await #expect(throws: GiteaError.self) {
                try await bench.tracker.replaceText(of: bench.issue, body: "X", expecting: old)
            }

            #expect(new.body == "New")
            #expect(error == .prevented(subject: "issue bees/hive#7", .textChanged, message: ""))
            #expect(bench.count("PATCH") == 1)
        }
    }

    @Test("Locking is told to be unknown where it is", arguments: [404, 405])
    func locking(status: Int) async throws {
        try await GiteaBench.run(script: {
            $0.method == "GET" ? .json(GiteaJSON.issue(7)) : .json("{}", status: status)
        }) { bench in
            for _ in 0..<2 {
                let error = await #expect(throws: GiteaError.self) {
                    try await bench.tracker.setLocked(true, reason: "done", on: bench.issue)
                }
                #expect(error == .unsupported(what: "locking", subject: "issue bees/hive#7"))
            }
            #expect(bench.count("PUT") == 1)
        }
    }

    @Test("An issue is locked and unlocked")
    func locked() async throws {
        try await GiteaBench.run(script: { _ in ScriptedReply(status: 204) }) { bench in
            try await bench.tracker.setLocked(true, reason: "done", on: bench.issue)
            try await bench.tracker.setLocked(false, on: bench.issue)

            #expect(bench.server.requests.map(\.method) == ["PUT", "DELETE"])
            #expect(bench.server.requests.map(\.text) == [#"{"lock_reason":"done"}"#, ""])
        }
    }

    @Test("A timeline's total counts the page only: all pages are read, null ones too")
    func timeline() async throws {
        try await GiteaBench.run(script: { request in
            let page = request.parameter("page").flatMap { Int($0) } ?? 1
            guard page < 3 else { return .json("null", headers: [("X-Total-Count", "0")]) }
            return .json(
                """
                [{"id": \(page), "type": "label", "user": null, "body": "", "label": \
                {"id": 1, "name": "bug"}, "created_at": "2026-11-01T09:00:00Z"}]
                """, headers: [("X-Total-Count", "1")])
        }) { bench in
            let entries = try await bench.tracker.timeline(of: bench.issue)

            #expect(entries.map(\.id) == [1, 2])
            #expect(entries.first?.kind == "label" && entries.first?.label == "bug")
        }
    }
}
