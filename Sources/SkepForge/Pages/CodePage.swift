import Foundation
import GRDB

/// The files of a branch or a commit: folders as lists, texts with numbered lines, Markdown as
/// it's meant.
enum CodePage {
    /// Bytes of a file that are shown.
    private static let limit = 1 << 20

    /// The files of the default branch.
    @Sendable static func start(_ visit: Visit) async throws -> Answer {
        let repository = try await visit.read { db in try visit.call.repository(db) }
        let bare = visit.call.forge.bareRepository(repository)
        guard visit.call.forge.hasGit,
            let commit = try await bare.commit(ofBranch: repository.defaultBranch)
        else { return try await empty(visit, repository) }
        let spot = CodeSpot(
            repository: repository, kind: "branch", revision: repository.defaultBranch,
            commit: commit, path: "")
        return try await answer(visit, spot)
    }

    @Sendable static func answer(_ visit: Visit) async throws -> Answer {
        try await answer(visit, try await CodeSpot(visit))
    }

    /// A file as it is: as plain text, or as bytes to be kept; never as a page.
    @Sendable static func raw(_ visit: Visit) async throws -> Answer {
        let spot = try await CodeSpot(visit)
        let place = try await spot.bare(visit).place(
            spot.commit, spot.path, limit: GitCommand.outputLimit)
        guard case .file(_, let bytes?) = place else { throw Refusal.notFound }
        guard let text = FileText(bytes) else { return Answer(status: 200, body: .bytes(bytes)) }
        return .plain(text.text)
    }

    private static func answer(_ visit: Visit, _ spot: CodeSpot) async throws -> Answer {
        let bare = spot.bare(visit)
        guard let place = try await bare.place(spot.commit, spot.path, limit: limit) else {
            throw Refusal.notFound(
                "There is nothing at \"\(spot.path)\" in \(spot.kind) \"\(spot.revision)\".")
        }
        let branches = try await bare.branches().map(\.name)
        let last = try await bare.commits(spot.commit, limit: 1, path: spot.pathOrNil).first
        var readme: (name: String, text: String)?
        if case .folder(let entries) = place {
            readme = try await self.readme(entries, spot, bare)
        }
        let found = readme
        return try await visit.read { db in
            let models = PageModels(db, spot.repository, visit)
            var model = try models.tabs("onCode").adding(spot.model(models, branches: branches))
            if let last { model["last"] = [CommitPage.row(last, models)] }
            model["clone"] = visit.call.addresses.clone(spot.repository)
            model["repositoryText"] = spot.path.isEmpty ? spot.repository.description : ""
            switch place {
            case .folder(let entries):
                model.merge(spot.folder(entries, models)) { $1 }
            case .file(let size, let bytes):
                let isSource = visit.call.query("view") == "source"
                model.merge(spot.file(size, bytes, models, isSource: isSource)) { $1 }
            }
            if let found {
                model["readmeName"] = found.name
                model["readme"] = Markdown.html(
                    found.text, in: spot.context(models, folder: spot.path))
            }
            let title = spot.path.isEmpty ? spot.repository.fullName : spot.path
            return visit.page("code", title: title, crumbs: models.crumbs, model.withoutEmptyTexts)
        }
    }

    private static func readme(
        _ entries: [GitEntry], _ spot: CodeSpot, _ bare: BareRepository
    ) async throws -> (name: String, text: String)? {
        let names = ["readme.md", "readme.markdown", "readme"]
        let found = names.lazy.compactMap { name in
            entries.first { $0.kind == .file && $0.path.lowercased() == name }
        }.first
        guard let found else { return nil }
        let path = spot.path.isEmpty ? found.path : "\(spot.path)/\(found.path)"
        let place = try await bare.place(spot.commit, path, limit: limit)
        guard case .file(_, let bytes?) = place, let text = FileText(bytes) else { return nil }
        return (found.path, text.text)
    }

    private static func empty(_ visit: Visit, _ repository: RepositoryRow) async throws -> Answer {
        try await visit.read { db in
            let models = PageModels(db, repository, visit)
            var model = try models.tabs("onCode")
            model["isEmpty"] = true
            model["clone"] = visit.call.addresses.clone(repository)
            model["defaultBranch"] = repository.defaultBranch
            model["repositoryText"] = repository.description
            return visit.page(
                "code", title: repository.fullName, crumbs: models.crumbs, model.withoutEmptyTexts)
        }
    }
}
