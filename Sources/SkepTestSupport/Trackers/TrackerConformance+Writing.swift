internal import SkepCore
internal import SkepQueue

extension TrackerConformance {
    static let comments: [Case] = [
        Case("A comment is posted once, however often it is asked for") { subject in
            let issue = try await subject.newIssue()
            let marker = CommentMarker(subject.unique("run-1.result.report"))
            let first = try await subject.tracker.post("Done.", marker: marker, on: issue)
            let second = try await subject.tracker.post("Done.", marker: marker, on: issue)
            let all = try await subject.tracker.comments(on: issue)

            try check(first.id == second.id, "two comments")
            try check(all.count == 1, "\(all.count) comments")
            try check(marker.isIn(all[0].body), "the marker isn't in \(all[0].body)")
            try check(all[0].body.hasPrefix("Done."), "the text is \(all[0].body)")
            try check(all[0].author == subject.account, "its author is \(all[0].author)")
        },
        Case("Comments come oldest first, all of them") { subject in
            let issue = try await subject.newIssue()
            for number in 0..<60 {
                let marker = CommentMarker("run-1.note-\(number).report-\(number)")
                _ = try await subject.tracker.post("\(number)", marker: marker, on: issue)
            }
            let all = try await subject.tracker.comments(on: issue)

            try check(
                all.map { $0.body.prefix { $0 != "\n" } } == (0..<60).map { "\($0)" },
                "they are \(all.map(\.body))")
        },
        Case("A text in a comment can't pose as a marker") { subject in
            let issue = try await subject.newIssue()
            let (first, second) = (
                CommentMarker("run-1.a.report-1"), CommentMarker("run-1.b.report-2")
            )
            _ = try await subject.tracker.post("It says \(second)", marker: first, on: issue)
            _ = try await subject.tracker.post("Done.", marker: second, on: issue)
            let all = try await subject.tracker.comments(on: issue)

            try check(all.count == 2, "\(all.count) comments")
        },
        Case("A comment on an issue that isn't there is a conflict") { subject in
            let kind = try await subject.refusal("a comment on nothing") {
                _ = try await subject.tracker.post(
                    "x", marker: CommentMarker("run-1.x.report-1"),
                    on: IssueReference(repository: subject.repository, number: 999_999_999))
            }

            try check(kind == .conflict, "the error is of kind \(kind)")
        },
    ]

    static let labels: [Case] = [
        Case("A label is made once, and found") { subject in
            let label = NewLabel(
                name: subject.unique("agent/x"), color: "00aabb", description: "Works on it",
                isExclusive: true)
            try await subject.tracker.createLabel(label, in: subject.repository)
            try await subject.tracker.createLabel(label, in: subject.repository)
            let found = try await subject.tracker.labels(in: subject.repository)
                .filter { $0.name == label.name }

            try check(
                found == [TrackerLabel(name: label.name, color: "00aabb")], "found are \(found)")
        },
        Case("A label is put on and taken off, each any number of times") { subject in
            let issue = try await subject.newIssue()
            for _ in 0..<2 { try await subject.tracker.addLabels(["bug"], to: issue) }
            let with = try await subject.tracker.issue(issue).labels
            for _ in 0..<2 { try await subject.tracker.removeLabel("bug", from: issue) }
            let without = try await subject.tracker.issue(issue).labels

            try check(with == ["bug"], "with it: \(with)")
            try check(without.isEmpty, "without it: \(without)")
        },
        Case("An exclusive label drives out the others of its scope") { subject in
            let scope = subject.unique("scope")
            let issue = try await subject.newIssue()
            for name in ["\(scope)/a", "\(scope)/b"] {
                try await subject.tracker.createLabel(
                    NewLabel(name: name, color: "123456", description: "", isExclusive: true),
                    in: subject.repository)
                try await subject.tracker.addLabels([name], to: issue)
            }
            let labels = try await subject.tracker.issue(issue).labels

            try check(labels == ["\(scope)/b"], "its labels \(labels)")
        },
        Case("A label that doesn't exist can't be put on") { subject in
            let issue = try await subject.newIssue()
            let kind = try await subject.refusal("an unknown label") {
                try await subject.tracker.addLabels([subject.unique("no")], to: issue)
            }

            try check(kind == .conflict, "the error is of kind \(kind)")
        },
    ]

    static let pullRequests: [Case] = [
        Case("A pull request is opened once, from a branch with a slash too") { subject in
            for head in ["topic", "claude/issue-1"] as [BranchName] {
                let first = try await subject.tracker.openPullRequest(subject.pull(head))
                let second = try await subject.tracker.openPullRequest(subject.pull(head))
                let read = try await subject.tracker.pullRequest(
                    IssueReference(repository: subject.repository, number: first.number))

                try check(first.number == second.number, "two of \(head)")
                try check(read.number == first.number, "another is read")
                try check(read.isOpen && !read.isMerged, "it isn't open: \(read)")
                try check(
                    read.head == head && read.base == "main", "it has other branches: \(read)")
                try check(read.headCommit != nil, "it has no head commit")
                try check(read.title == "Repair it", "its title \(read.title)")
            }
        },
        Case("A pull request never stands among issues") { subject in
            let pull = try await subject.tracker.openPullRequest(subject.pull("topic"))
            let reference = IssueReference(repository: subject.repository, number: pull.number)

            try check(
                try await !subject.isThere(reference, IssueFilter(state: .all)), "it is there")
        },
        Case("A pull request from a branch that isn't there is refused") { subject in
            let head = BranchName(rawValue: subject.unique("gone"))
            let kind = try await subject.refusal("a missing branch") {
                _ = try await subject.tracker.openPullRequest(subject.pull(head))
            }

            try check([.conflict, .refused].contains(kind), "the error is of kind \(kind)")
        },
    ]
}
