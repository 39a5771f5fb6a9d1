extension Presenter {
    /// A commit as in lists of commits.
    func commit(
        _ commit: GitCommit, in repository: RepositoryRow, changes: [GitFileChange]? = nil
    ) throws -> JSON {
        let git = "\(addresses.api(repository))/git"
        func reference(_ id: String, _ kind: String) -> JSON {
            [
                "url": .string("\(git)/\(kind)/\(id)"), "sha": .string(id),
                "created": .string(commit.committer.date ?? ""),
            ]
        }
        let additions = changes?.reduce(0) { $0 + $1.additions } ?? 0
        let deletions = changes?.reduce(0) { $0 + $1.deletions } ?? 0
        return [
            "url": .string("\(git)/commits/\(commit.id)"), "sha": .string(commit.id),
            "created": .string(commit.committer.date ?? ""),
            "html_url": .string(addresses.page(repository, commit: commit.id)),
            "commit": [
                "url": .string("\(git)/commits/\(commit.id)"),
                "author": person(commit.author), "committer": person(commit.committer),
                "message": .string(commit.message), "tree": reference(commit.tree, "trees"),
                "verification": Self.unverified,
            ],
            "author": try user(ofEmail: commit.author.email),
            "committer": try user(ofEmail: commit.committer.email),
            "parents": .array(commit.parents.map { reference($0, "commits") }),
            "files": .array(
                (changes ?? []).map {
                    ["filename": .string($0.path), "status": .string($0.kind.apiName)]
                }),
            "stats": [
                "total": JSON(additions + deletions), "additions": JSON(additions),
                "deletions": JSON(deletions),
            ],
        ]
    }

    /// A commit as the answer to a change of files.
    func fileCommit(_ commit: GitCommit, in repository: RepositoryRow) -> JSON {
        let git = "\(addresses.api(repository))/git"
        func reference(_ id: String, _ kind: String) -> JSON {
            [
                "url": .string("\(git)/\(kind)/\(id)"), "sha": .string(id),
                "created": .string(commit.committer.date ?? ""),
            ]
        }
        return [
            "url": .string("\(git)/commits/\(commit.id)"), "sha": .string(commit.id),
            "created": .string(commit.committer.date ?? ""),
            "html_url": .string(addresses.page(repository, commit: commit.id)),
            "author": person(commit.author), "committer": person(commit.committer),
            "parents": .array(commit.parents.map { reference($0, "commits") }),
            "message": .string(commit.message), "tree": reference(commit.tree, "trees"),
        ]
    }

    private func person(_ signature: Signature) -> JSON {
        [
            "name": .string(signature.name), "email": .string(signature.email),
            "date": .string(signature.date ?? ""),
        ]
    }

    private func user(ofEmail email: String) throws -> JSON {
        let name = email.split(separator: "@").first.map(String.init) ?? ""
        guard let found = try UserRow.find(db, name: name), found.email == email.lowercased()
        else { return .null }
        return user(found)
    }

    static let unverified: JSON = [
        "verified": false, "reason": "gpg.error.not_signed_commit", "signature": "",
        "signer": nil, "payload": "",
    ]

    func branch(_ name: String, _ commit: GitCommit, in repository: RepositoryRow) throws -> JSON {
        let isWriter = try repository.permission(db, of: caller) >= .write
        let rule = try ProtectionRule.find(db, forBranch: name, in: repository)
        let canPush = isWriter && (caller.map { rule?.allowsPush(by: $0) ?? true } ?? false)
        let canMerge = isWriter && (caller.map { rule?.allowsMerge(by: $0) ?? true } ?? false)
        func payloadUser(_ signature: Signature) -> JSON {
            [
                "name": .string(signature.name), "email": .string(signature.email),
                "username": "",
            ]
        }
        return [
            "name": .string(name),
            "commit": [
                "id": .string(commit.id), "message": .string(commit.message),
                "url": .string(addresses.page(repository, commit: commit.id)),
                "author": payloadUser(commit.author),
                "committer": payloadUser(commit.committer), "verification": Self.unverified,
                "timestamp": .string(commit.committer.date ?? ""), "added": nil, "removed": nil,
                "modified": nil,
            ],
            "protected": .bool(rule != nil),
            "required_approvals": JSON(rule?.requiredApprovals ?? 0),
            "enable_status_check": .bool(rule?.checksStatuses ?? false),
            "status_check_contexts": .array((rule?.statusContexts ?? []).map(JSON.string)),
            "user_can_push": .bool(canPush), "user_can_merge": .bool(canMerge),
            "effective_branch_protection_name": .string(rule?.name ?? ""),
        ]
    }

    func changedFile(_ change: GitFileChange, at commit: String, in repository: RepositoryRow)
        -> JSON
    {
        let path = change.path.split(separator: "/").map { PercentCoding.encode(String($0)) }
            .joined(separator: "/")
        let page = addresses.page(repository)
        return [
            "filename": .string(change.path),
            "previous_filename": .string(change.previousPath ?? ""),
            "status": .string(change.kind.apiName),
            "additions": JSON(change.additions), "deletions": JSON(change.deletions),
            "changes": JSON(change.additions + change.deletions),
            "html_url": .string("\(page)/src/commit/\(commit)/\(path)"),
            "contents_url": .string(
                "\(addresses.api(repository))/contents/\(path)?ref=\(commit)"),
            "raw_url": .string("\(page)/raw/commit/\(commit)/\(path)"),
        ]
    }

    func reference(_ name: String, _ object: String, in repository: RepositoryRow) -> JSON {
        let git = "\(addresses.api(repository))/git"
        return [
            "ref": .string(name), "url": .string("\(git)/\(name)"),
            "object": [
                "type": "commit", "sha": .string(object),
                "url": .string("\(git)/commits/\(object)"),
            ],
        ]
    }
}

extension GitFileChange.Kind {
    /// Gitea says "removed" in lists of commits' files and "deleted" in those of pulls; the
    /// latter is used for both.
    var apiName: String { rawValue }
}
