internal import SkepCore
internal import SkepQueue

extension TrackerConformance {
    static let looking: [Case] = [
        Case("A probe tells product, version and account") { subject in
            let probe = try await subject.tracker.probe()

            try check(!probe.product.isEmpty && !probe.version.isEmpty, "it tells \(probe)")
            try check(
                probe.login == nil || probe.login == subject.account,
                "it tells another account: \(probe)")
        },
        Case("A repository is found whatever the case of its name") { subject in
            let shouted = RepositoryName(subject.repository.description.uppercased())
            let found = try await subject.tracker.repository(shouted ?? subject.repository)

            try check(found.name == subject.repository, "its name is \(found.name)")
            try check(found.defaultBranch == "main", "its branch is \(found.defaultBranch)")
            try check(!found.isEmpty && !found.isArchived, "it is empty or archived: \(found)")
            try check(found.canPush != false, "the account can't push")
        },
        Case("A repository that isn't there is a conflict") { subject in
            let name = RepositoryName("\(subject.repository.owner)/\(subject.unique("none"))")
            let kind = try await subject.refusal("a missing repository") {
                _ = try await subject.tracker.repository(name ?? subject.repository)
            }

            try check(kind == .conflict, "the error is of kind \(kind)")
        },
        Case("Git's address has no credentials in it") { subject in
            let access = try await subject.tracker.gitAccess(to: subject.repository)

            try check(!access.remote.contains("@"), "the remote \(access.remote)")
            if let token = access.token {
                try check(!access.remote.contains(token.value), "the token is in the remote")
            }
        },
        Case("The account may write, and somebody unknown may not") { subject in
            let tracker = subject.tracker
            let may = try await tracker.canWrite(subject.account, to: subject.repository)
            let nobody = LoginName(rawValue: subject.unique("nobody"))
            let mayNot = try await tracker.canWrite(nobody, to: subject.repository)

            try check(may, "the account may not write")
            try check(!mayNot, "somebody unknown may write")
        },
    ]

    static let issues: [Case] = [
        Case("An issue is read as it was written") { subject in
            let body = "Line one\n\n```sh\nrm -rf \"$HOME\" # {{ issue.title }} <b>é</b> 🐝\n```"
            let title = subject.unique("Quotes \" and 'apostrophes' & <tags>")
            let reference = try await subject.newIssue(title, body: body, labels: ["bug"])
            let issue = try await subject.tracker.issue(reference)

            try check(issue.reference == reference, "its reference \(issue.reference)")
            try check(issue.title == title, "its title \(issue.title)")
            try check(issue.body == body, "its body \(issue.body)")
            try check(issue.labels == ["bug"], "its labels \(issue.labels)")
            try check(issue.isOpen && !issue.isPullRequest, "it isn't an open issue")
            try check(issue.createdAt.milliseconds > 0, "it has no time")
            try check(issue.updatedAt >= issue.createdAt, "changed before it was made")
            try check(issue.url.hasPrefix("http"), "its page \(issue.url)")
        },
        Case("An issue of 1 MB is read whole") { subject in
            let body = String(repeating: "0123456789abcdef", count: 65_536)
            let reference = try await subject.newIssue(body: body)
            let issue = try await subject.tracker.issue(reference)

            try check(issue.body == body, "\(issue.body.utf8.count) bytes")
        },
        Case("An issue that isn't there is a conflict") { subject in
            let kind = try await subject.refusal("a missing issue") {
                _ = try await subject.tracker.issue(
                    IssueReference(repository: subject.repository, number: 999_999_999))
            }

            try check(kind == .conflict, "the error is of kind \(kind)")
        },
        Case("All pages of a list are read, the newest first, each issue once") { subject in
            var made: [IssueReference] = []
            // One more than a page of Gitea's has.
            for _ in 0..<51 { made.append(try await subject.newIssue()) }
            let found = try await subject.tracker.issues(
                in: subject.repository, matching: IssueFilter())
            let numbers = found.map(\.reference.number)

            try check(Set(made).isSubset(of: found.map(\.reference)), "not all \(numbers)")
            try check(numbers == Set(numbers).sorted(by: >), "the order \(numbers)")
        },
        Case("A list has the label that is asked for, and no unknown one finds all") { subject in
            let plain = try await subject.newIssue()
            let bug = try await subject.newIssue(labels: ["bug"])
            let bugs = IssueFilter(labels: ["bug"])
            let unknown = try await subject.tracker.issues(
                in: subject.repository, matching: IssueFilter(labels: [subject.unique("no")]))

            try check(try await subject.isThere(bug, bugs), "the bug isn't there")
            try check(try await !subject.isThere(plain, bugs), "a plain one is there")
            try check(unknown.isEmpty, "an unknown label found \(unknown.count) issues")
        },
        Case("A list of an unknown assignee's, or of closed ones, lacks an open one") { subject in
            let issue = try await subject.newIssue()
            let nobody = LoginName(rawValue: subject.unique("nobody"))

            try check(
                try await !subject.isThere(issue, IssueFilter(assignee: nobody)),
                "it is among the assigned")
            try check(
                try await !subject.isThere(issue, IssueFilter(state: .closed)),
                "it is among the closed")
            try check(
                try await subject.isThere(issue, IssueFilter(state: .all)), "it isn't among all")
        },
        Case("A list of what changed since has what changed then") { subject in
            let reference = try await subject.newIssue()
            let issue = try await subject.tracker.issue(reference)
            let then = IssueFilter(since: issue.updatedAt)
            let later = IssueFilter(since: issue.updatedAt + .seconds(3600))

            try check(try await subject.isThere(reference, then), "it isn't there")
            try check(try await !subject.isThere(reference, later), "it is there an hour later")
        },
    ]
}
