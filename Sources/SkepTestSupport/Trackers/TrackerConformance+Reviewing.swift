internal import SkepCore
internal import SkepQueue

extension TrackerConformance {
    static let reviewing: [Case] = [
        Case("A review is posted once, and read with its verdict, commit and remarks") { subject in
            let file = subject.unique("file")
            let (pull, head) = try await subject.newPull(file: file)
            let review = NewReview(
                verdict: .changesRequested, body: "Not yet.",
                findings: [
                    Finding(path: file, line: 1, message: "This line."),
                    Finding(message: "And no test."),
                ], commit: head)
            let marker = subject.marker("review")
            let first = try await subject.reviewing.post(review, marker: marker, on: pull)
            let second = try await subject.reviewing.post(review, marker: marker, on: pull)
            let all = try await subject.tracker.reviews(of: pull)
            let found = all.first

            try check(all.count == 1 && first.id == second.id, "there are \(all)")
            try check(first.verdict == .changesRequested, "it says \(first.verdict)")
            try check(found?.verdict == .changesRequested, "read, it says \(all)")
            try check(found?.author == subject.reviewer.login, "it is of \(all)")
            try check(found?.commit == head, "it is at \(all)")
            try check(found?.isStale == false && found?.isDismissed == false, "it is old: \(all)")
            try check(found?.body.contains("And no test.") == true, "its text: \(all)")
            try check(
                found?.comments.map(\.path) == [file] && found?.comments.map(\.line) == [1],
                "its remarks: \(all)")
            try check(found?.comments.first?.body == "This line.", "its remark: \(all)")
        },
        Case("An approval counts, and is of the reviewer") { subject in
            let (pull, head) = try await subject.newPull()
            let review = NewReview(verdict: .approved, body: "", findings: [], commit: head)
            let posted = try await subject.reviewing.post(
                review, marker: subject.marker("review"), on: pull)

            try check(posted.verdict == .approved, "it says \(posted)")
            try check(posted.author == subject.reviewer.login, "it is of \(posted.author)")
        },
        Case("A verdict on one's own pull request is a comment that begins with it") { subject in
            let (pull, head) = try await subject.newPull()
            for (verdict, word) in [
                (Verdict.approved, "Approved"), (.changesRequested, "Changes requested"),
            ] {
                let review = NewReview(
                    verdict: verdict, body: "See below.", findings: [], commit: head)
                let posted = try await subject.tracker.post(
                    review, marker: subject.marker("review"), on: pull)

                try check(posted.verdict == .commented, "it says \(posted)")
                try check(posted.body.hasPrefix(word), "its text: \(posted.body)")
                try check(posted.body.contains("See below."), "its text: \(posted.body)")
            }
        },
        Case("A review is asked for once") { subject in
            let pull = try await subject.newPull().reference
            for _ in 0..<2 {
                try await subject.tracker.requestReviews(
                    from: [subject.reviewer.login], on: pull)
            }
            let asked = try await subject.tracker.pullRequest(pull).requestedReviewers
            let reviews = try await subject.tracker.reviews(of: pull)

            try check(asked == [subject.reviewer.login], "asked are \(asked)")
            try check(reviews.isEmpty, "a request is no review: \(reviews)")
        },
        Case("The newest status of each context is read") { subject in
            let head = try await subject.newPull().head
            let tracker = subject.tracker
            let none = try await tracker.statuses(at: head, in: subject.repository)
            for (context, state) in [
                ("skep/gate", CommitStatus.State.pending), ("ci", .failure),
                ("skep/gate", .success), ("skep/gate", .success),
            ] {
                try await tracker.setStatus(
                    NewCommitStatus(
                        context: context, state: state, description: "It is \(state)",
                        url: "http://ci.test/1"),
                    at: head, in: subject.repository)
            }
            let statuses = try await tracker.statuses(at: head, in: subject.repository)
            let byContext = Dictionary(
                statuses.map { ($0.context, $0) }, uniquingKeysWith: { first, _ in first })

            try check(none.isEmpty, "at first there are \(none)")
            try check(statuses.count == 2, "there are \(statuses)")
            try check(byContext["skep/gate"]?.state == .success, "the gate: \(statuses)")
            try check(byContext["ci"]?.state == .failure, "the ci: \(statuses)")
            try check(byContext["ci"]?.description == "It is failure", "it says \(statuses)")
            try check(byContext["ci"]?.url == "http://ci.test/1", "it leads to \(statuses)")
        },
    ]

    static let merging: [Case] = [
        Case("A pull request is merged at its head, and again is no error") { subject in
            let (pull, head) = try await subject.newPull()
            for _ in 0..<2 {
                try await subject.tracker.merge(pull, head: head, style: .merge)
            }
            let merged = try await subject.tracker.pullRequest(pull)

            try check(merged.isMerged && !merged.isOpen, "it is \(merged)")
        },
        Case("A pull request isn't merged at a head that it hasn't") { subject in
            let pull = try await subject.newPull().reference
            let other = try await subject.newPull().head
            let kind = try await subject.refusal("another head") {
                try await subject.tracker.merge(pull, head: other, style: .merge)
            }
            let after = try await subject.tracker.pullRequest(pull)

            try check(kind == .conflict, "the error is of kind \(kind)")
            try check(after.isOpen && !after.isMerged, "it is \(after)")
        },
        Case("A closed pull request can't be merged") { subject in
            let (pull, head) = try await subject.newPull()
            try await subject.tracker.setOpen(false, pull)
            let kind = try await subject.refusal("a closed one") {
                try await subject.tracker.merge(pull, head: head, style: .merge)
            }

            try check(kind == .conflict, "the error is of kind \(kind)")
        },
        Case("A conflict with the base is told as one, and nothing is merged") { subject in
            let file = subject.unique("file")
            let first = try await subject.newPull(file: file)
            let second = try await subject.newPull(file: file)
            try await subject.tracker.merge(first.reference, head: first.head, style: .merge)
            let kind = try await subject.refusal("a conflict") {
                try await subject.tracker.merge(second.reference, head: second.head, style: .merge)
            }
            let after = try await subject.tracker.pullRequest(second.reference)

            try check(kind == .conflict, "the error is of kind \(kind)")
            try check(after.isOpen && !after.isMerged, "it is \(after)")
        },
        Case("Pull requests are listed by their state, the newest first") { subject in
            let open = try await subject.newPull().reference
            let closed = try await subject.newPull().reference
            try await subject.tracker.setOpen(false, closed)
            let tracker = subject.tracker
            let (opened, done, all) = (
                try await tracker.pullRequests(in: subject.repository, state: .open).map(\.number),
                try await tracker.pullRequests(in: subject.repository, state: .closed)
                    .map(\.number),
                try await tracker.pullRequests(in: subject.repository, state: .all).map(\.number)
            )

            try check(
                opened.contains(open.number) && !opened.contains(closed.number), "\(opened)")
            try check(done.contains(closed.number) && !done.contains(open.number), "\(done)")
            try check(
                all.contains(open.number) && all.contains(closed.number)
                    && all == Set(all).sorted(by: >), "\(all)")
        },
    ]
}
