import Mustache

/// Renders the pages. What stands in a model is escaped by the templates; only what `Markdown`
/// made goes in as it is.
struct PageRenderer: Sendable {
    typealias Model = [String: Any]

    static let style = String(decoding: PackageResources.forge_css, as: UTF8.self)

    static let icon = String(decoding: PackageResources.favicon_svg, as: UTF8.self)

    private let library: MustacheLibrary
    private let version: String

    /// - Parameter version: Skep's; empty where it isn't known.
    init(version: String = "") throws {
        self.version = version
        library = MustacheLibrary(
            templates: try Self.templates.mapValues {
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

    /// The page for what is refused before it's known which page was meant.
    ///
    /// - Parameter target: Where signing in leads back to.
    func failure(_ refusal: Refusal, target: String = "/") -> Answer {
        var model = failureModel(refusal)
        model["signInURL"] = Visit.signInURL(back: target)
        var answer = page("failure", title: "", model)
        answer.status = refusal.status
        return answer
    }

    /// What the template "failure" says: what happened, and what to do.
    func failureModel(_ refusal: Refusal) -> Model {
        let (heading, advice) =
            switch refusal.status {
            case 401: ("Sign in first", "")
            case 403:
                ("That isn’t allowed", "Go back, or ask the repository’s owner for the right.")
            case 404:
                (
                    "Not found",
                    "It may be gone, or be private: then it’s shown to those who signed in and may see it."
                )
            case 413: ("That is too large", "Send less at once.")
            case 500...: ("The tracker couldn’t do that", "Try again, or look into its log.")
            default: ("That didn’t work", "Go back to where you came from, and try again.")
            }
        return [
            "heading": heading, "title": heading, "message": Self.sentence(refusal),
            "advice": advice, "mayHelpToSignIn": [401, 403, 404].contains(refusal.status),
        ].withoutEmptyTexts
    }

    /// A refusal as people read it.
    static func sentence(_ refusal: Refusal) -> String {
        switch refusal {
        case .notFound: "There is no such page."
        case .unauthorized: "This needs somebody who signed in."
        default: refusal.message
        }
    }
}

/// A step of the way from all repositories to a page.
struct Crumb: Sendable {
    let text: String
    let url: String
}

extension PageRenderer.Model {
    /// Leaves out texts that are empty: the templates take any text for something to show.
    var withoutEmptyTexts: PageRenderer.Model { filter { ($0.value as? String)?.isEmpty != true } }

    func adding(_ other: PageRenderer.Model) -> PageRenderer.Model { merging(other) { $1 } }
}
