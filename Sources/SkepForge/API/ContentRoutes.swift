import Foundation
import GRDB

/// Files of a repository, read and changed without git.
extension ForgeAPI {
    static func addContentRoutes(to routes: inout Routes<Call>) {
        let contents = "repos/{owner}/{repo}/contents"
        for pattern in [contents, contents + "/{filepath...}"] {
            routes.on("GET", pattern, readContents)
        }
        routes.on("GET", "repos/{owner}/{repo}/raw/{filepath...}") { call in
            let place = try await call.contentPlace()
            guard let entry = try await place.bare.entry(place.path, at: place.commit),
                entry.kind == .file
            else { throw Refusal.notFound }
            return Answer(status: 200, body: .bytes(try await place.bare.blob(entry.id)))
        }
        routes.on("POST", contents) { call in
            let files = try (call.fields().values("files") ?? []).map {
                try FileEdit(Fields(value: $0))
            }
            guard !files.isEmpty else { throw Refusal.unprocessable("[Files]: Required") }
            let done = try await call.commit(files)
            return try await call.contentAnswer(done, isList: true, status: 201)
        }
        routes.on("POST", contents + "/{filepath...}") { call in
            let edit = try FileEdit(call, .create)
            return try await call.contentAnswer(try await call.commit([edit]), status: 201)
        }
        routes.on("PUT", contents + "/{filepath...}") { call in
            let fields = try call.fields()
            // An empty or missing sha creates the file, as in Gitea since 1.26.
            let isNew = try (fields.string("sha") ?? "").isEmpty
            let edit = try FileEdit(call, isNew ? .create : .update)
            let done = try await call.commit([edit])
            return try await call.contentAnswer(done, status: isNew ? 201 : 200)
        }
        routes.on("DELETE", contents + "/{filepath...}") { call in
            let edit = try FileEdit(call, .delete)
            guard edit.sha != nil else { throw Refusal.unprocessable("[SHA]: Required") }
            return try await call.contentAnswer(try await call.commit([edit]), status: 200)
        }
    }

    @Sendable private static func readContents(_ call: Call) async throws -> Answer {
        let place = try await call.contentPlace()
        let presenter = ContentPresenter(addresses: call.addresses, place: place)
        if place.path.isEmpty {
            return .json(.array(try await presenter.list(in: place.commit)))
        }
        guard let entry = try await place.bare.entry(place.path, at: place.commit) else {
            throw Refusal.notFound
        }
        if entry.kind == .folder { return .json(.array(try await presenter.list(in: entry.id))) }
        return .json(try await presenter.document(entry, hasContent: true))
    }
}

/// A path of a repository at a commit.
struct ContentPlace: Sendable {
    let repository: RepositoryRow
    let bare: BareRepository
    /// The branch, tag or commit that was asked for.
    let ref: String
    let commit: String
    let path: String
}

/// Makes the documents of files and folders.
struct ContentPresenter: Sendable {
    let addresses: Addresses
    let place: ContentPlace

    func list(in tree: String) async throws -> [JSON] {
        let prefix = place.path.isEmpty ? "" : place.path + "/"
        var documents: [JSON] = []
        for entry in try await place.bare.entries(of: tree) {
            documents.append(
                try await document(entry.moved(to: prefix + entry.path), hasContent: false))
        }
        return documents
    }

    func document(_ entry: GitEntry, hasContent: Bool) async throws -> JSON {
        let last = try await place.bare.commits(place.commit, limit: 1, path: entry.path).first
        let page = addresses.page(place.repository)
        let path = entry.path.split(separator: "/").map { PercentCoding.encode(String($0)) }
            .joined(separator: "/")
        let ref = PercentCoding.encode(place.ref)
        let api = "\(addresses.api(place.repository))/contents/\(path)?ref=\(ref)"
        let kind = entry.kind == .folder ? "trees" : "blobs"
        let git = "\(addresses.api(place.repository))/git/\(kind)/\(entry.id)"
        let html = "\(page)/src/commit/\(place.commit)/\(path)"
        let bytes = hasContent && entry.kind != .module ? try await place.bare.blob(entry.id) : nil
        return [
            "name": .string(entry.path.split(separator: "/").last.map(String.init) ?? ""),
            "path": .string(entry.path), "sha": .string(entry.id),
            "type": .string(entry.kind.apiName), "size": JSON(entry.size),
            "encoding": bytes == nil ? .null : "base64",
            "content": bytes.map { .string(Data($0).base64EncodedString()) } ?? .null,
            "target": entry.kind == .link
                ? bytes.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null : .null,
            "url": .string(api), "html_url": .string(html), "git_url": .string(git),
            "download_url": entry.kind == .file
                ? .string("\(page)/raw/commit/\(place.commit)/\(path)") : .null,
            "submodule_git_url": nil, "lfs_oid": nil, "lfs_size": nil,
            "last_commit_sha": JSON(last?.id), "last_commit_message": JSON(last?.message),
            "last_author_date": JSON(last?.author.date),
            "last_committer_date": JSON(last?.committer.date),
            "_links": ["self": .string(api), "git": .string(git), "html": .string(html)],
        ]
    }
}

extension Call {
    /// The path that is meant, at the branch, tag or commit in `ref`.
    fileprivate func contentPlace() async throws -> ContentPlace {
        let repository = try await read { db in try self.repository(db) }
        let bare = forge.bareRepository(repository)
        let asked = query("ref") ?? ""
        let ref = asked.isEmpty ? repository.defaultBranch : asked
        guard let commit = try await bare.resolve(ref) else { throw Refusal.notFound }
        let path = parameter("filepath").split(separator: "/").joined(separator: "/")
        return ContentPlace(
            repository: repository, bare: bare, ref: ref, commit: commit, path: path)
    }
}
