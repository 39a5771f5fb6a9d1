public import SkepCore
internal import SkepQueue

extension ScriptedTracker {
    public func openPullRequest(_ new: NewPullRequest) async throws -> PullRequest {
        try access("openPullRequest") { state in
            let there = state.pullRequests.values.first {
                $0.isOpen && $0.head == new.head && $0.base == new.base
            }
            if let there { return there }
            if let missing = [new.head, new.base].first(where: {
                state.branches?.contains($0) == false
            }) {
                throw ScriptedRefusal(kind: .conflict, what: "There is no branch \(missing)")
            }
            let number = state.nextNumber()
            let pullRequest = PullRequest(
                number: number, title: new.title, isOpen: true, isMerged: false, head: new.head,
                base: new.base, headCommit: state.heads[new.head],
                url: "http://tracker.test/pulls/\(number)",
                isMergeable: true, author: login, updatedAt: now)
            state.pullRequests[number] = pullRequest
            let reference = IssueReference(repository: new.repository, number: number)
            try state.edit(reference, at: now) { $0.body = new.body }
            return pullRequest
        }
    }

    public func pullRequest(_ reference: IssueReference) async throws -> PullRequest {
        try access("pullRequest") { try $0.pullRequest(reference) }
    }

    public func pullRequests(in repository: RepositoryName, state wanted: IssueFilter.State)
        async throws -> [PullRequest]
    {
        try access("pullRequests") { state in
            state.everything(in: repository)
                .compactMap { state.pullRequests[$0.reference.number] }
                .filter { wanted == .all || $0.isOpen == (wanted == .open) }
                .sorted { $0.number > $1.number }
        }
    }

    // MARK: Reviews

    public func reviews(of pullRequest: IssueReference) async throws -> [Review] {
        try access("reviews") { state in
            _ = try state.pullRequest(pullRequest)
            return state.reviews[pullRequest] ?? []
        }
    }

    /// The verdict on one's own pull request becomes a comment that begins with it.
    public func post(
        _ review: NewReview, marker: CommentMarker, on pullRequest: IssueReference
    ) async throws -> Review {
        try access("postReview") { state in
            if let there = state.reviews[pullRequest]?.first(where: { marker.isIn($0.body) }) {
                return there
            }
            let pull = try state.pullRequest(pullRequest)
            var body = Self.harmless(review.body)
            for finding in review.findings where finding.path == nil || finding.line == nil {
                let place = finding.path.map { "`\($0)`: " } ?? ""
                body += "\n- \(place)\(Self.harmless(finding.message))"
            }
            var verdict = review.verdict
            if pull.author == login, verdict != .commented {
                body = (verdict == .approved ? "Approved" : "Changes requested") + "\n\n" + body
                verdict = .commented
            }
            let inline = review.findings.filter { $0.path != nil && $0.line != nil }
            return try state.add(
                verdict, by: login, on: pullRequest, body: "\(body)\n\n\(marker)",
                findings: inline, commit: review.commit, at: now)
        }
    }

    public func requestReviews(from logins: [LoginName], on pullRequest: IssueReference)
        async throws
    {
        try access("requestReviews") { state in
            let pull = try state.pullRequest(pullRequest)
            if let author = pull.author, logins.contains(author) {
                throw ScriptedRefusal(kind: .refused, what: "\(author) opened \(pullRequest)")
            }
            let new = logins.filter { !pull.requestedReviewers.contains($0) }
            guard !new.isEmpty else { return }
            try state.editPull(pullRequest, at: now) { $0.requestedReviewers += new }
        }
    }

    // MARK: Statuses and merging

    public func statuses(at commit: CommitID, in repository: RepositoryName) async throws
        -> [CommitStatus]
    {
        try access("statuses") { $0.statuses[commit] ?? [] }
    }

    public func setStatus(
        _ status: NewCommitStatus, at commit: CommitID, in repository: RepositoryName
    ) async throws {
        try access("setStatus") { state in
            state.set(
                CommitStatus(
                    context: status.context, state: status.state, description: status.description,
                    url: status.url), at: commit)
        }
    }

    /// A pull request whose head no test has told has whatever head is named.
    public func merge(
        _ pullRequest: IssueReference, head: CommitID, style: MergeStyle
    ) async throws {
        try access("merge") { state in
            let pull = try state.pullRequest(pullRequest)
            let isHead = pull.headCommit == nil || pull.headCommit == head
            if pull.isMerged, isHead { return }
            guard pull.isOpen, isHead, pull.isMergeable != false else {
                throw ScriptedRefusal(
                    kind: .conflict, what: "\(pullRequest) can't be merged at \(head.short)")
            }
            try state.editPull(pullRequest, at: now) { pull in
                pull.isOpen = false
                pull.isMerged = true
                pull.headCommit = head
            }
            let changed = state.files[pull.head] ?? []
            for (number, other) in state.pullRequests
            where other.isOpen && !changed.isDisjoint(with: state.files[other.head] ?? []) {
                var draft = ScriptedPull(other)
                draft.isMergeable = false
                state.pullRequests[number] = draft.pullRequest
            }
        }
    }
}

extension ScriptedTracker.State {
    mutating func add(
        _ verdict: Verdict, by login: LoginName, on pullRequest: IssueReference, body: String,
        findings: [Finding], commit: CommitID?, at time: Timestamp
    ) throws -> Review {
        let id = Int64(nextNumber())
        let comments = findings.map { finding in
            ReviewComment(
                id: Int64(nextNumber()), path: finding.path ?? "", line: finding.line,
                body: finding.message)
        }
        let review = Review(
            id: id, author: login, verdict: verdict, body: body, commit: commit, isStale: false,
            isDismissed: false, comments: comments, submittedAt: time,
            url: "http://tracker.test/reviews/\(id)")
        try editPull(pullRequest, at: time) { pull in
            pull.requestedReviewers.removeAll { $0 == login }
        }
        reviews[pullRequest, default: []].append(review)
        return review
    }

    mutating func set(_ status: CommitStatus, at commit: CommitID) {
        var all = statuses[commit] ?? []
        all.removeAll { $0.context == status.context }
        statuses[commit] = all + [status]
    }

    /// Commits came to a branch: reviews of earlier ones are stale.
    mutating func push(_ commit: CommitID, to pullRequest: IssueReference, at time: Timestamp)
        throws
    {
        try editPull(pullRequest, at: time) { $0.headCommit = commit }
        reviews[pullRequest] = reviews[pullRequest]?.map { review in
            Review(
                id: review.id, author: review.author, verdict: review.verdict, body: review.body,
                commit: review.commit, isStale: review.isStale || review.commit != commit,
                isDismissed: review.isDismissed, comments: review.comments,
                submittedAt: review.submittedAt, url: review.url)
        }
    }
}
