import Foundation
import GRDB
import SkepQueue

/// Makes the models that the pages of a repository share.
struct PageModels {
    typealias Model = PageRenderer.Model

    let db: Database
    let repository: RepositoryRow
    let visit: Visit

    init(_ db: Database, _ repository: RepositoryRow, _ visit: Visit) {
        self.db = db
        self.repository = repository
        self.visit = visit
    }

    var base: String { "/\(repository.fullName)" }
    var time: PageTime { PageTime(visit) }
    var crumbs: [Crumb] {
        [
            Crumb(text: repository.ownerName, url: "/\(repository.ownerName)"),
            Crumb(text: repository.name, url: base),
        ]
    }

    /// Whether the visitor may do this by a form: who isn't signed in may do nothing.
    func may(_ permission: Permission) throws -> Bool {
        guard let user = visit.user else { return false }
        return try repository.permission(db, of: user) >= permission
    }

    /// What the head of a repository's pages shows.
    ///
    /// - Parameter here: The tab that is open, such as "onIssues".
    func tabs(_ here: String) throws -> Model {
        [
            "base": base, "repositoryName": repository.name,
            "repositoryOwner": repository.ownerName, "isPrivate": repository.isPrivate,
            "issues": try repository.countOpen(db, pulls: false),
            "pulls": try repository.countOpen(db, pulls: true),
            "maySeeHooks": try may(.admin), here: true,
        ]
    }

    /// What links in an issue's text lead to: the files of the default branch.
    func context() -> Markdown.Context {
        Markdown.Context(
            repository: base,
            root: PageAddress.code("branch", repository.defaultBranch, base: base))
    }

    /// The chip of a label.
    func label(_ label: LabelRow, kind: String = "issues") -> Model {
        let model: Model = [
            "labelId": label.id, "labelName": label.name, "color": label.color,
            "ink": LabelColor(label.color).ink, "labelText": label.description,
            "labelURL": "\(base)/\(kind)?label=\(PercentCoding.encode(label.name))",
        ]
        return model.withoutEmptyTexts
    }

    /// The mark before a title, and the badge at its head.
    static func state(isPull: Bool, isOpen: Bool, isMerged: Bool, isDraft: Bool) -> Model {
        let word =
            if isMerged { "Merged" } else if !isOpen {
                "Closed"
            } else if isDraft, isPull { "Draft" } else { "Open" }
        var model: Model = ["stateText": word, "stateClass": word.lowercased()]
        // All of them, since a template takes from around it what isn't here.
        for mark in ["IssueOpen", "IssueClosed", "PullOpen", "PullClosed", "PullMerged"] {
            model["mark" + mark] = false
        }
        let end = isOpen ? "Open" : isMerged ? "Merged" : "Closed"
        model["mark\(isPull ? "Pull" : "Issue")\(end)"] = true
        return model
    }

    func person(id: Int64) throws -> Model {
        Person.model(try UserRow.find(db, id: id).name)
    }
}

/// Somebody who is named on a page.
enum Person {
    static func model(_ name: String) -> PageRenderer.Model {
        [
            "person": name, "initial": name.prefix(1).uppercased(),
            "hue": name.utf8.reduce(0) { ($0 * 33 + Int($1)) % 65521 } % 7,
        ]
    }
}

/// The ink that can be read on a label's color.
struct LabelColor: Equatable {
    private let color: String

    /// - Parameter color: Six hexadecimal digits.
    init(_ color: String) { self.color = color }

    /// "dark" or "light": whichever contrasts more with the color, as WCAG 2 measures it.
    var ink: String {
        // Black has contrast (l + 0.05) / 0.05 and white 1.05 / (l + 0.05): they meet here.
        luminance > 0.1791 ? "dark" : "light"
    }

    /// https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
    private var luminance: Double {
        let value = Int(color, radix: 16) ?? 0
        func linear(_ shift: Int) -> Double {
            let part = Double((value >> shift) & 0xFF) / 255
            return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0)
    }
}

/// Times as pages tell them: how long ago, with the exact time behind it.
struct PageTime: Sendable {
    let nowMs: Int64

    init(_ visit: Visit) { nowMs = visit.call.forge.store.clock.now.milliseconds }
    init(nowMs: Int64) { self.nowMs = nowMs }

    func model(_ milliseconds: Int64) -> PageRenderer.Model {
        let utc = Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
        return [
            "time": utc, "timeExact": utc.prefix(16).replacing("T", with: " ") + " UTC",
            "timeText": text(milliseconds),
        ]
    }

    /// - Parameter text: RFC 3339, as git gives it.
    func model(_ text: String?) -> PageRenderer.Model {
        guard let text, let milliseconds = RFC3339.milliseconds(text) else {
            return ["time": text ?? "", "timeExact": text ?? "", "timeText": text ?? ""]
        }
        return model(milliseconds)
    }

    /// "just now", "3 hours ago"; a date where it's more than a month.
    func text(_ milliseconds: Int64) -> String {
        let seconds = (nowMs - milliseconds) / 1000
        let (count, unit): (Int64, String) =
            switch seconds {
            case ..<(-60): (0, "")
            case ..<60: (-1, "")
            case ..<3600: (seconds / 60, "minute")
            case ..<86_400: (seconds / 3600, "hour")
            case ..<2_592_000: (seconds / 86_400, "day")
            default: (0, "")
            }
        if count < 0 { return "just now" }
        if count == 1, unit == "day" { return "yesterday" }
        if count > 0 { return ForgePages.count(Int(count), unit) + " ago" }
        return "on " + Self.day(milliseconds)
    }
}

/// Addresses of pages that have names of branches and files in them.
enum PageAddress {
    /// A path with its slashes, each part coded.
    static func path(_ text: String) -> String {
        text.split(separator: "/").map { PercentCoding.encode(String($0)) }.joined(separator: "/")
    }

    /// A folder or a file at a branch or commit.
    ///
    /// - Parameter kind: "branch" or "commit".
    static func code(
        _ kind: String, _ revision: String, path: String = "", base: String, word: String = "src"
    ) -> String {
        let place = "\(base)/\(word)/\(kind)/\(Self.path(revision))"
        return path.isEmpty ? place : "\(place)/\(Self.path(path))"
    }

    static func commits(_ branch: String, base: String) -> String {
        "\(base)/commits/\(path(branch))"
    }

    /// A query from its fields, in order; without those that are empty.
    static func query(_ fields: [(name: String, value: String)]) -> String {
        let parts = fields.filter { !$0.value.isEmpty }.map {
            "\(PercentCoding.encode($0.name))=\(PercentCoding.encode($0.value))"
        }
        return parts.isEmpty ? "?" : "?" + parts.joined(separator: "&")
    }
}

extension PageTime {
    /// The day of a time, such as "2026-11-22".
    static func day(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds / 1000))
            .formatted(.iso8601.year().month().day())
    }
}
