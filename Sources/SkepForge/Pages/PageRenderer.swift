import Mustache

/// Renders the pages. What stands in a model is escaped by the templates; only what
/// `Markdown.html` made goes in as it is.
struct PageRenderer: Sendable {
    typealias Model = [String: Any]

    static let style = String(decoding: PackageResources.forge_css, as: UTF8.self)

    static let icon = String(decoding: PackageResources.favicon_svg, as: UTF8.self)

    private let library: MustacheLibrary
    private let version: String

    /// - Parameter version: Skep's; empty where it isn't known.
    init(version: String = "") throws {
        self.version = version
        let sources: [String: [UInt8]] = [
            "layout": PackageResources.layout_mustache, "tabs": PackageResources.tabs_mustache,
            "time": PackageResources.time_mustache, "labels": PackageResources.labels_mustache,
            "entry": PackageResources.entry_mustache, "diff": PackageResources.diff_mustache,
            "repositories": PackageResources.repositories_mustache,
            "repository": PackageResources.repository_mustache,
            "issues": PackageResources.issues_mustache, "issue": PackageResources.issue_mustache,
            "pull": PackageResources.pull_mustache, "commit": PackageResources.commit_mustache,
            "commits": PackageResources.commits_mustache, "row": PackageResources.row_mustache,
            "failure": PackageResources.failure_mustache,
        ]
        library = MustacheLibrary(
            templates: try sources.mapValues {
                try MustacheTemplate(string: String(decoding: $0, as: UTF8.self))
            })
    }

    func page(_ template: String, title: String, crumbs: [Crumb] = [], _ model: Model) -> Answer {
        var model = model
        model["version"] = version
        model = model.withoutEmptyTexts
        model["crumbs"] = crumbs.map { ["text": $0.text, "url": $0.url] }
        model["title"] = model["title"] ?? title
        return .page(library.render(model, withTemplate: template) ?? "")
    }

    func failure(_ refusal: Refusal) -> Answer {
        let heading =
            switch refusal.status {
            case 401: "A token is needed"
            case 404: "Not found"
            default: "That didn't work"
            }
        var answer = page(
            "failure", title: heading,
            [
                "heading": heading,
                "message": refusal == .notFound ? "There is no such page." : refusal.message,
            ])
        answer.status = refusal.status
        return answer
    }
}

/// A step of the way from all repositories to a page.
struct Crumb: Sendable {
    let text: String
    let url: String
}
