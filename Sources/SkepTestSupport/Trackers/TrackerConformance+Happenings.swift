internal import SkepCore
internal import SkepQueue

extension TrackerConformance {
    /// What happened since.
    static let happenings: [Case] = [
        Case("Changes are of issues and pull requests, open and closed, the last change last") {
            subject in
            let open = try await subject.newIssue()
            let closed = try await subject.newIssue()
            try await subject.tracker.setOpen(false, closed)
            let pull = try await subject.newPull().reference
            let start = try await subject.tracker.issue(open).createdAt
            let changes = try await subject.tracker.changes(in: subject.repository, since: start)
            let times = changes.map(\.updatedAt)

            try check(
                Set([open, closed, pull]).isSubset(of: changes.map(\.reference)), "some are missing"
            )
            try check(
                changes.first { $0.reference == pull }?.isPullRequest == true,
                "the pull request is none")
            try check(
                changes.first { $0.reference == closed }?.isOpen == false, "the closed one is open")
            try check(times == times.sorted(), "the order of \(times)")
            try check(
                Set(changes.map(\.reference)).count == changes.count, "some come more than once")
        },
        Case("A comment and a label are changes") { subject in
            let issue = try await subject.newIssue()
            let before = try await subject.tracker.issue(issue)
            _ = try await subject.tracker.post("Hm.", marker: subject.marker(), on: issue)
            try await subject.tracker.addLabels(["bug"], to: issue)
            let after = try await subject.tracker.changes(
                in: subject.repository, since: before.updatedAt
            ).first { $0.reference == issue }

            try check(after?.labels == ["bug"], "its labels \(after?.labels ?? [])")
            try check(
                after?.commentCount == nil || after?.commentCount == 1, "its comments aren't 1")
        },
        Case("Nothing has changed in an hour's time") { subject in
            let issue = try await subject.newIssue()
            let later = try await subject.tracker.issue(issue).updatedAt + .seconds(3600)
            let changes = try await subject.tracker.changes(in: subject.repository, since: later)
            let comments = try await subject.tracker.comments(in: subject.repository, since: later)

            try check(changes.isEmpty && comments.isEmpty, "\(changes) \(comments)")
        },
        Case("Comments of a repository know where they stand, and come oldest first") { subject in
            let issue = try await subject.newIssue()
            let pull = try await subject.newPull().reference
            let start = try await subject.tracker.issue(issue).createdAt
            var made: [Int64] = []
            for (place, text) in [(issue, "One"), (pull, "Two"), (issue, "Three")] {
                made.append(
                    try await subject.tracker.post(text, marker: subject.marker(), on: place).id)
            }
            let found = try await subject.tracker.comments(in: subject.repository, since: start)
            let ours = found.filter { made.contains($0.comment.id) }

            try check(ours.map(\.comment.id) == made, "they are \(ours)")
            try check(ours.map(\.place) == [issue, pull, issue], "they stand on \(ours)")
            try check(
                ours.map(\.isOnPullRequest) == [false, true, false], "of pull requests: \(ours)")
            try check(ours.allSatisfy { $0.comment.author == subject.account }, "others' \(ours)")
        },
        Case("An issue knows what blocks it, and can't be closed before") { subject in
            let (issue, other) = (try await subject.newIssue(), try await subject.newIssue())
            let free = try await subject.tracker.dependencies(of: issue)
            try check(free.isEmpty, "it is blocked by \(free)")
            guard try await subject.fixture.block(issue, by: other) else { return }
            let blocked = try await subject.tracker.dependencies(of: issue)
            let kind = try await subject.refusal("closing a blocked issue") {
                try await subject.tracker.setOpen(false, issue)
            }

            try check(blocked.map(\.reference) == [other], "it is blocked by \(blocked)")
            try check(kind == .conflict, "the error is of kind \(kind)")
        },
        Case("The dependencies of an issue that isn't there are a conflict") { subject in
            let kind = try await subject.refusal("a missing issue") {
                _ = try await subject.tracker.dependencies(
                    of: IssueReference(repository: subject.repository, number: 999_999_999))
            }

            try check(kind == .conflict, "the error is of kind \(kind)")
        },
    ]

    static let editing: [Case] = [
        Case("An issue is closed and opened again, each any number of times") { subject in
            let issue = try await subject.newIssue()
            for _ in 0..<2 { try await subject.tracker.setOpen(false, issue) }
            let closed = try await subject.tracker.issue(issue)
            for _ in 0..<2 { try await subject.tracker.setOpen(true, issue) }
            let open = try await subject.tracker.issue(issue)

            try check(!closed.isOpen && open.isOpen, "it is \(closed) and then \(open)")
        },
        Case("A pull request is closed") { subject in
            let pull = try await subject.newPull().reference
            try await subject.tracker.setOpen(false, pull)
            let closed = try await subject.tracker.pullRequest(pull)

            try check(!closed.isOpen && !closed.isMerged, "it is \(closed)")
        },
        Case("An issue is opened once, with the labels there are") { subject in
            let new = NewIssue(
                repository: subject.repository, title: subject.unique("A report"),
                body: "Look <!-- skep:run-9.x --> here.",
                labels: ["bug", subject.unique("no")])
            let marker = subject.marker("issue")
            let first = try await subject.tracker.openIssue(new, marker: marker)
            let second = try await subject.tracker.openIssue(new, marker: marker)
            let read = try await subject.tracker.issue(first.reference)

            try check(first.reference == second.reference, "two issues")
            try check(read.title == new.title && read.labels == ["bug"], "it is \(read)")
            try check(marker.isIn(read.body), "the marker isn't in \(read.body)")
            try check(!CommentMarker("run-9.x").isIn(read.body), "a text poses as a marker")
            try check(read.author == subject.account, "its author is \(read.author)")
        },
        Case("A reaction is put on a comment, any number of times") { subject in
            let issue = try await subject.newIssue()
            let comment = try await subject.tracker.post(
                "Hm.", marker: subject.marker(), on: issue)
            for reaction in [Reaction.eyes, .eyes, .rocket] {
                try await subject.tracker.react(
                    reaction, toComment: comment.id, in: subject.repository)
            }
        },
        Case("Signed in with another token, another account writes") { subject in
            let issue = try await subject.newIssue()
            let marker = subject.marker()
            _ = try await subject.tracker.post("Mine", marker: subject.marker(), on: issue)
            _ = try await subject.reviewing.post("Theirs", marker: marker, on: issue)
            let authors = try await subject.tracker.comments(on: issue).map(\.author)

            try check(authors == [subject.account, subject.reviewer.login], "\(authors)")
        },
        Case("Rights are told, with what they are for, and nothing is changed") { subject in
            let issue = try await subject.newIssue()
            let before = try await subject.tracker.issue(issue)
            let rights = try await subject.tracker.rights(in: subject.repository)
            let after = try await subject.tracker.issue(issue)

            try check(!rights.isEmpty, "there are none")
            try check(rights.allSatisfy { !$0.purpose.isEmpty }, "some are for nothing: \(rights)")
            try check(
                rights.allSatisfy { $0.isGranted == true || $0.advice?.isEmpty == false },
                "some are missing without advice: \(rights)")
            try check(before == after, "the issue was changed")
        },
    ]
}
