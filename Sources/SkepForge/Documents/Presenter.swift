import GRDB

/// The documents of users that were made already: a list names few of them many times.
private final class KnownUsers {
    var documents: [Int64: JSON] = [:]
}

/// Makes the documents that the API answers with. Every field of Gitea's schema is there.
struct Presenter {
    let db: Database
    let addresses: Addresses
    let forge: Forge
    let caller: UserRow?
    let memory: QuirkMemory
    private let known = KnownUsers()

    init(
        db: Database, addresses: Addresses, forge: Forge, caller: UserRow?,
        memory: QuirkMemory = QuirkMemory(.none)
    ) {
        self.db = db
        self.addresses = addresses
        self.forge = forge
        self.caller = caller
        self.memory = memory
    }

    static let zeroTime: JSON = "0001-01-01T00:00:00Z"

    /// A time that there may not be.
    func time(_ milliseconds: Int64?) -> JSON {
        guard let milliseconds else {
            return memory.quirks.contains(.zeroTimes) ? Self.zeroTime : .null
        }
        return .time(milliseconds)
    }

    func user(_ user: UserRow) -> JSON {
        [
            "id": .integer(user.id), "login": .string(user.name), "login_name": "",
            "source_id": 0, "full_name": .string(user.fullName), "email": .string(user.email),
            "avatar_url": "", "html_url": .string(addresses.user(user)), "language": "",
            "is_admin": .bool(user.isAdmin), "last_login": Self.zeroTime,
            "created": .time(user.createdAtMs), "restricted": false, "active": true,
            "prohibit_login": false, "location": "", "website": "", "description": "",
            "visibility": "public", "followers_count": 0, "following_count": 0,
            "starred_repos_count": 0,
        ]
    }

    func user(id: Int64) throws -> JSON {
        if let document = known.documents[id] { return document }
        let document = user(try UserRow.find(db, id: id))
        known.documents[id] = document
        return document
    }

    func repository(_ repository: RepositoryRow) throws -> JSON {
        let permission = try repository.permission(db, of: caller)
        let branchCount = forge.bareRepository(repository).countBranches()
        let page = addresses.page(repository)
        return [
            "id": .integer(repository.id), "owner": try user(id: repository.ownerId),
            "name": .string(repository.name), "full_name": .string(repository.fullName),
            "description": .string(repository.description), "empty": .bool(branchCount == 0),
            "private": .bool(repository.isPrivate), "fork": false, "template": false,
            "parent": nil, "mirror": false, "size": 0, "language": "",
            "languages_url": .string(addresses.api(repository) + "/languages"),
            "html_url": .string(page), "url": .string(addresses.api(repository)), "link": "",
            "ssh_url": "", "clone_url": .string(addresses.clone(repository)), "original_url": "",
            "website": "", "stars_count": 0, "forks_count": 0, "watchers_count": 0,
            "branch_count": JSON(branchCount),
            "open_issues_count": JSON(try repository.countOpen(db, pulls: false)),
            "open_pr_counter": JSON(try repository.countOpen(db, pulls: true)),
            "release_counter": 0, "default_branch": .string(repository.defaultBranch),
            "default_target_branch": "", "archived": false,
            "created_at": .time(repository.createdAtMs),
            "updated_at": .time(repository.updatedAtMs), "archived_at": Self.zeroTime,
            "permissions": [
                "admin": .bool(permission >= .admin), "push": .bool(permission >= .write),
                "pull": .bool(permission >= .read),
            ],
            "has_code": true, "has_issues": true,
            "internal_tracker": [
                "enable_time_tracker": false, "allow_only_contributors_to_track_time": false,
                "enable_issue_dependencies": true,
            ],
            "external_tracker": nil, "has_wiki": false, "external_wiki": nil,
            "has_pull_requests": true, "has_projects": false, "projects_mode": "all",
            "has_releases": false, "has_packages": false, "has_actions": false,
            "ignore_whitespace_conflicts": false, "allow_merge_commits": true,
            "allow_rebase": true, "allow_rebase_explicit": true, "allow_squash_merge": true,
            "allow_fast_forward_only_merge": true, "allow_rebase_update": true,
            "allow_merge_update": true, "allow_manual_merge": false,
            "autodetect_manual_merge": false, "default_delete_branch_after_merge": false,
            "default_merge_style": "merge", "default_update_style": "merge",
            "default_allow_maintainer_edit": false, "avatar_url": "", "internal": false,
            "mirror_interval": "", "object_format_name": "sha1",
            "mirror_updated": Self.zeroTime, "mirror_last_sync_at": Self.zeroTime,
            "repo_transfer": nil, "topics": [], "licenses": [],
        ]
    }

    func label(_ label: LabelRow, in repository: RepositoryRow) -> JSON {
        [
            "id": .integer(label.id), "name": .string(label.name),
            "exclusive": .bool(label.isExclusive), "is_archived": .bool(label.isArchived),
            "color": .string(label.color), "description": .string(label.description),
            "url": .string("\(addresses.api(repository))/labels/\(label.id)"),
        ]
    }

    func labels(of issue: IssueRow, in repository: RepositoryRow) throws -> JSON {
        .array(try LabelRow.of(db, issue: issue.id).map { label($0, in: repository) })
    }

    func issue(_ issue: IssueRow, in repository: RepositoryRow) throws -> JSON {
        let assignees = try issue.assignees(db).map(user)
        let pull = issue.isPull ? try PullRow.find(db, issue: issue.id) : nil
        return [
            "id": .integer(issue.id),
            "url": .string("\(addresses.api(repository))/issues/\(issue.number)"),
            "html_url": .string(addresses.page(repository, issue)),
            "number": JSON(issue.number), "user": try user(id: issue.authorId),
            "original_author": "", "original_author_id": 0, "title": .string(issue.title),
            "body": .string(issue.body), "ref": "", "assets": [],
            "labels": try labels(of: issue, in: repository),
            "milestone": try milestone(of: issue),
            "assignee": assignees.first ?? .null,
            "assignees": assignees.isEmpty ? .null : .array(assignees), "projects": [],
            "state": issue.isOpen ? "open" : "closed", "is_locked": .bool(issue.isLocked),
            "comments": JSON(try issue.commentCount(db)),
            "created_at": .time(issue.createdAtMs), "updated_at": .time(issue.updatedAtMs),
            "closed_at": time(issue.closedAtMs), "due_date": time(issue.dueAtMs),
            "time_estimate": 0,
            "pull_request": pull.map {
                [
                    "merged": .bool($0.isMerged), "merged_at": time($0.mergedAtMs),
                    "draft": .bool(issue.isDraft),
                    "html_url": .string(addresses.page(repository, issue)),
                ]
            } ?? .null,
            "repository": [
                "id": .integer(repository.id), "name": .string(repository.name),
                "owner": .string(repository.ownerName),
                "full_name": .string(repository.fullName),
            ],
            "pin_order": JSON(issue.pinOrder), "content_version": .integer(issue.contentVersion),
        ]
    }

    func milestone(of issue: IssueRow) throws -> JSON {
        guard let id = issue.milestoneId else { return .null }
        return try MilestoneRow.find(db, id: id, repository: issue.repositoryId).map(milestone)
            ?? .null
    }

    func milestone(_ milestone: MilestoneRow) throws -> JSON {
        [
            "id": .integer(milestone.id), "title": .string(milestone.title),
            "description": .string(milestone.description),
            "state": milestone.isOpen ? "open" : "closed",
            "open_issues": JSON(try milestone.countIssues(db, isOpen: true)),
            "closed_issues": JSON(try milestone.countIssues(db, isOpen: false)),
            "created_at": .time(milestone.createdAtMs), "updated_at": .time(milestone.updatedAtMs),
            "closed_at": time(milestone.closedAtMs), "due_on": time(milestone.dueAtMs),
        ]
    }

    func reaction(_ reaction: ReactionRow) throws -> JSON {
        [
            "user": try user(id: reaction.userId), "content": .string(reaction.content),
            "created_at": .time(reaction.createdAtMs),
        ]
    }

    func comment(_ comment: CommentRow, on issue: IssueRow, in repository: RepositoryRow) throws
        -> JSON
    {
        let page = addresses.page(repository, issue)
        return [
            "id": .integer(comment.id),
            "html_url": .string("\(page)#issuecomment-\(comment.id)"),
            "pull_request_url": .string(issue.isPull ? page : ""),
            "issue_url": .string(issue.isPull ? "" : page),
            "user": try user(id: comment.authorId), "original_author": "",
            "original_author_id": 0, "body": .string(comment.body), "assets": [],
            "created_at": .time(comment.createdAtMs), "updated_at": .time(comment.updatedAtMs),
        ]
    }

    func status(_ status: StatusRow, in repository: RepositoryRow) throws -> JSON {
        [
            "id": .integer(status.id), "status": .string(status.state.rawValue),
            "target_url": .string(status.targetUrl), "description": .string(status.description),
            "url": .string("\(addresses.api(repository))/statuses/\(status.commitId)"),
            "context": .string(status.context), "creator": try user(id: status.creatorId),
            "created_at": .time(status.createdAtMs), "updated_at": .time(status.createdAtMs),
        ]
    }
}
