import Foundation
import GRDB

/// A change to one file that a request asks for.
struct FileEdit: Sendable {
    enum Operation: String, Sendable { case create, update, upload, rename, delete }

    let operation: Operation
    let path: String
    let previousPath: String?
    let content: [UInt8]?
    /// The file as the client knows it.
    let sha: String?

    /// The one change of a request to a file's path.
    init(_ call: Call, _ operation: Operation) throws {
        try self.init(try call.fields(), operation, path: call.parameter("filepath"))
    }

    /// One of several changes.
    init(_ fields: Fields) throws {
        let word = try fields.required("operation")
        guard let operation = Operation(rawValue: word) else {
            throw Refusal.unprocessable("There is no operation \"\(word)\".")
        }
        try self.init(fields, operation, path: try fields.required("path"))
    }

    private init(_ fields: Fields, _ operation: Operation, path: String) throws {
        self.operation = operation
        self.path = path
        previousPath = try fields.string("from_path").flatMap { $0.isEmpty ? nil : $0 }
        sha = try fields.string("sha").flatMap { $0.isEmpty ? nil : $0 }
        let text = try fields.string("content")
        content = text.flatMap { Data(base64Encoded: $0) }.map(Array.init)
        guard text == nil || content != nil else {
            throw Refusal.unprocessable("The content isn't coded as base64.")
        }
        for path in [path, previousPath ?? path] where !GitEntry.isValidPath(path) {
            throw Refusal.unprocessable("path contains a malformed path component [path: \(path)]")
        }
    }

    /// What it does to a tree.
    /// - Throws: A refusal when the file isn't as the client thinks.
    func change(_ bare: BareRepository, at commit: String?) async throws -> [TreeChange] {
        func entry(_ path: String) async throws -> GitEntry? {
            guard let commit else { return nil }
            return try await bare.entry(path, at: commit)
        }
        let folders = path.split(separator: "/").dropLast().map(String.init)
        for count in folders.indices {
            let folder = folders[...count].joined(separator: "/")
            if let found = try await entry(folder), found.kind != .folder {
                throw Refusal.unprocessable("a file exists where a folder is needed: \(folder)")
            }
        }
        let old = try await entry(previousPath ?? path)
        if operation == .create || (operation == .upload && old == nil) {
            guard try await entry(path) == nil else {
                throw Refusal.unprocessable("repository file already exists [path: \(path)]")
            }
            return [.write(path: path, content: content ?? [], mode: "100644")]
        }
        guard let old, old.kind == .file || old.kind == .link else {
            throw Refusal.notFound("object does not exist [rel_path: \(previousPath ?? path)]")
        }
        if operation == .update || operation == .delete, sha == nil {
            throw Refusal.unprocessable("a SHA must be provided when updating a file")
        }
        if let sha, sha != old.id {
            throw Refusal.unprocessable(
                "sha does not match [given: \(sha), expected: \(old.id)]")
        }
        if operation == .delete { return [.remove(path: path)] }
        let moved: [TreeChange] = previousPath.map { [.remove(path: $0)] } ?? []
        let bytes: [UInt8]
        if let content { bytes = content } else { bytes = try await bare.blob(old.id) }
        return moved + [.write(path: path, content: bytes, mode: old.mode)]
    }
}

/// A commit that was made over the API.
struct ContentCommit: Sendable {
    let place: ContentPlace
    let commit: GitCommit
    /// The files as they are then; `nil` for one that is gone.
    let entries: [GitEntry?]
}

extension Call {
    /// Makes a commit of several changes on the branch that the body names.
    func commit(_ edits: [FileEdit]) async throws -> ContentCommit {
        let user = try requireUser()
        let fields = try fields()
        let repository = try await read { db in try self.repository(db, for: .write) }
        let bare = forge.bareRepository(repository)
        let named = try fields.string("branch") ?? ""
        let source = named.isEmpty ? repository.defaultBranch : named
        let new = try fields.string("new_branch") ?? ""
        let target = new.isEmpty ? source : new
        guard BareRepository.isValidBranchName(target) else {
            throw Refusal.unprocessable("\"\(target)\" can't be a branch's name.")
        }
        try await checkPush(to: target, in: repository, by: user)
        let parent = try await bare.commit(ofBranch: source)
        guard parent != nil || bare.countBranches() == 0 else {
            throw Refusal.notFound("branch does not exist [name: \(source)]")
        }
        var changes: [TreeChange] = []
        for edit in edits { changes += try await edit.change(bare, at: parent) }
        let tree = try await bare.tree(changes, over: parent)
        let id = try await bare.makeCommit(
            tree: tree, parents: parent.map { [$0] } ?? [], message: try message(fields, edits),
            author: try signature("author", fields, user),
            committer: try signature("committer", fields, user))
        let isNew = target != source || parent == nil
        try await forge.changingRefs(of: repository, by: user) {
            let isMoved = try await bare.update(
                "refs/heads/" + target, to: id, from: isNew ? BareRepository.noCommit : parent)
            guard isMoved else {
                throw Refusal.unprocessable("The branch \"\(target)\" is there, or has moved.")
            }
        }
        guard let commit = try await bare.commit(id) else { throw Refusal.notFound }
        var entries: [GitEntry?] = []
        for edit in edits {
            entries.append(
                edit.operation == .delete ? nil : try await bare.entry(edit.path, at: id))
        }
        let place = ContentPlace(
            repository: repository, bare: bare, ref: target, commit: id, path: "")
        return ContentCommit(place: place, commit: commit, entries: entries)
    }

    private func checkPush(to branch: String, in repository: RepositoryRow, by user: UserRow)
        async throws
    {
        let isAllowed = try await read { db in
            try ProtectionRule.find(db, forBranch: branch, in: repository)?.allowsPush(by: user)
                ?? true
        }
        guard isAllowed else {
            throw Refusal.forbidden("The branch \"\(branch)\" is protected.")
        }
    }

    private func message(_ fields: Fields, _ edits: [FileEdit]) throws -> String {
        if let text = try fields.string("message"), !text.isEmpty { return text + "\n" }
        let words: [FileEdit.Operation: String] = [
            .create: "Add", .delete: "Delete", .rename: "Rename",
        ]
        return edits.map { "\(words[$0.operation] ?? "Update") \($0.path)\n" }.joined()
    }

    private func signature(_ name: String, _ fields: Fields, _ user: UserRow) throws -> Signature {
        let person = Fields(value: fields.value[name] ?? .object([]))
        let dates = Fields(value: fields.value["dates"] ?? .object([]))
        let given = try person.string("name") ?? ""
        let email = try person.string("email") ?? ""
        return Signature(
            name: given.isEmpty ? user.name : given, email: email.isEmpty ? user.email : email,
            date: try dates.time(name).map { "\($0 / 1000) +0000" })
    }

    /// What a change of files is answered with.
    func contentAnswer(_ done: ContentCommit, isList: Bool = false, status: Int) async throws
        -> Answer
    {
        let presenter = ContentPresenter(addresses: addresses, place: done.place)
        var files: [JSON] = []
        for entry in done.entries {
            guard let entry else {
                files.append(.null)
                continue
            }
            files.append(try await presenter.document(entry, hasContent: true))
        }
        let documents = files
        return try await read { db in
            let presenter = self.presenter(db)
            return .json(
                [
                    isList ? "files" : "content": isList
                        ? .array(documents) : documents.first ?? .null,
                    "commit": presenter.fileCommit(done.commit, in: done.place.repository),
                    "verification": Presenter.unverified,
                ], status: status)
        }
    }
}
