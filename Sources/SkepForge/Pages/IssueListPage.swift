import Foundation
import GRDB

/// The issues or the pull requests of a repository, by what the query asks for.
enum IssueListPage {
    static func answer(_ visit: Visit, pulls: Bool) async throws -> Answer {
        let page = visit.call.page
        return try await visit.read { db in
            let repository = try visit.call.repository(db)
            let models = PageModels(db, repository, visit)
            let list = try IssueList(models, pulls: pulls)
            let counts = try list.search.counts(db, repository: repository.id)
            let lines = try list.search.lines(
                db, repository: repository.id, isOpen: list.isOpen, page: page)
            let total =
                switch list.isOpen {
                case true?: counts.open
                case false?: counts.closed
                case nil: counts.open + counts.closed
                }
            var model = try models.tabs(pulls ? "onPulls" : "onIssues")
            model.merge(try list.model(counts)) { $1 }
            model["items"] = try list.rows(lines)
            model["hasItems"] = !lines.isEmpty
            model["mayWrite"] = visit.user != nil
            model["isPulls"] = pulls
            model.merge(
                Pager(page, count: lines.count, total: total, address: list.address).model
            ) { $1 }
            let title = pulls ? "Pull requests" : "Issues"
            return visit.page(
                "issues", title: "\(title) of \(repository.fullName)", crumbs: models.crumbs, model)
        }
    }
}

/// What a list's address asks for, and how its page shows that.
struct IssueList {
    typealias Model = PageRenderer.Model

    let models: PageModels
    let isPull: Bool
    let isOpen: Bool?
    let search: IssueSearch
    /// The labels that are asked for, by name; also those that aren't there.
    private let labelNames: [String]
    private let unknown: [String]

    private static let nobody = "*nobody*"
    private var call: Call { models.visit.call }

    init(_ models: PageModels, pulls: Bool) throws {
        self.models = models
        isPull = pulls
        let call = models.visit.call
        isOpen = ForgeAPI.state(call.query("state"))
        var search = IssueSearch(isPull: pulls)
        var unknown: [String] = []
        labelNames = call.query.filter { $0.name == "label" && !$0.value.isEmpty }.map(\.value)
        for name in labelNames {
            let label = try LabelRow.find(models.db, name: name, repository: models.repository.id)
            // A label that nobody has leaves nothing over; leaving it out would show everything.
            search.labels.append(label?.id ?? 0)
            if label == nil { unknown.append("label “\(name)”") }
        }
        func user(_ field: String) throws -> Int64? {
            guard let name = call.query(field), !name.isEmpty else { return nil }
            let user = try UserRow.find(models.db, name: name)
            if user == nil { unknown.append("user “\(name)”") }
            return user?.id ?? 0
        }
        if call.query("assignee") == Self.nobody {
            search.assignee = .nobody
        } else {
            search.assignee = try user("assignee").map { .user($0) }
        }
        search.author = try user("author")
        if let title = call.query("milestone"), !title.isEmpty {
            let milestone = try MilestoneRow.find(
                models.db, title: title, repository: models.repository.id)
            search.milestone = milestone?.id ?? 0
            if milestone == nil { unknown.append("milestone “\(title)”") }
        }
        search.text = (call.query("q") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        search.order = call.query("sort").flatMap(IssueSearch.Order.init) ?? .newest
        self.search = search
        self.unknown = unknown
    }

    // MARK: Its address

    private static let fields = ["state", "q", "label", "assignee", "author", "milestone", "sort"]

    /// The address of this list with some fields changed, and without its page.
    func address(_ changes: [String: String?] = [:]) -> String {
        var fields = call.query.filter {
            Self.fields.contains($0.name) && changes[$0.name] == nil
        }
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            if let value { fields.append((name, value)) }
        }
        return PageAddress.query(fields)
    }

    func address(page: Int) -> String {
        let here = address()
        return page <= 1 ? here : here + (here == "?" ? "" : "&") + "page=\(page)"
    }

    private func address(withoutLabel name: String) -> String {
        PageAddress.query(
            call.query.filter {
                Self.fields.contains($0.name) && !($0.name == "label" && $0.value == name)
            })
    }

    // MARK: Its models

    func model(_ counts: (open: Int, closed: Int)) throws -> Model {
        let word = isOpen == nil ? "all" : isOpen == true ? "open" : "closed"
        let filters = Set(Self.fields).subtracting(["state", "sort"])
        let isFiltered = call.query.contains { filters.contains($0.name) && !$0.value.isEmpty }
        let assignee = call.query("assignee") ?? ""
        let labels = try LabelRow.all(models.db, repository: models.repository.id)
        var model: Model = [
            "openCount": counts.open, "closedCount": counts.closed,
            "openURL": address(["state": "open"]), "closedURL": address(["state": "closed"]),
            "allURL": address(["state": "all"]), "isFiltered": isFiltered, "state": word,
            "plainURL": word == "open" ? "?" : "?state=\(word)", "searchText": search.text,
            "kindText": isPull ? "pull requests" : "issues",
            "labelChoices": labels.filter { !labelNames.contains($0.name) && !$0.isArchived }
                .map { ["value": $0.name] },
            "chosenLabels": try labelNames.map(chosen),
            "assigneeChoices": [
                Self.choice("", "Anybody", assignee),
                Self.choice(Self.nobody, "Nobody", assignee),
            ]
                + (try models.repository.assignableUsers(models.db)).map {
                    Self.choice($0.name, $0.name, assignee)
                },
            "authorChoices": [Self.choice("", "Anybody", call.query("author") ?? "")]
                + (try models.repository.authors(models.db)).map {
                    Self.choice($0.name, $0.name, call.query("author") ?? "")
                },
            "milestoneChoices": [Self.choice("", "Any", call.query("milestone") ?? "")]
                + (try MilestoneRow.all(models.db, repository: models.repository.id)).map {
                    Self.choice($0.title, $0.title, call.query("milestone") ?? "")
                },
            "orderChoices": IssueSearch.Order.allCases.map {
                Self.choice($0.rawValue, $0.text, search.order.rawValue)
            },
        ]
        model["on\(word.capitalized)"] = true
        if !unknown.isEmpty {
            model["unknown"] = "There is no \(unknown.joined(separator: " and no ")) here."
        }
        return model.withoutEmptyTexts
    }

    static func choice(_ value: String, _ text: String, _ chosen: String) -> Model {
        ["value": value, "text": text, "isChosen": value == chosen]
    }

    private func chosen(_ name: String) throws -> Model {
        let label = try LabelRow.find(models.db, name: name, repository: models.repository.id)
        let model: Model =
            label.map { models.label($0) } ?? [
                "labelName": name, "color": "888888", "ink": "dark",
            ]
        return model.adding(["removeURL": address(withoutLabel: name)])
    }

    func rows(_ lines: [IssueLine]) throws -> [Model] {
        let ids = lines.map(\.issue.id)
        let labels = try IssueRow.labels(models.db, of: ids)
        let assignees = try IssueRow.assignees(models.db, of: ids)
        return lines.map { line in
            let issue = line.issue
            var model: Model = [
                "titleHTML": Markdown.title(issue.title), "number": issue.number,
                "author": line.authorName,
                "url": "\(models.base)/\(isPull ? "pulls" : "issues")/\(issue.number)",
                "labels": (labels[issue.id] ?? []).map {
                    models.label($0, kind: isPull ? "pulls" : "issues")
                },
                "assignees": (assignees[issue.id] ?? []).map { Person.model($0.name) },
                "hasBranches": line.headBranch != nil, "headBranch": line.headBranch ?? "",
                "baseBranch": line.baseBranch ?? "", "hasComments": line.commentCount > 0,
                "commentCount": line.commentCount,
                "verb": issue.isOpen ? "opened" : line.mergedAtMs != nil ? "merged" : "closed",
            ]
            model.merge(
                PageModels.state(
                    isPull: isPull, isOpen: issue.isOpen, isMerged: line.mergedAtMs != nil,
                    isDraft: issue.isDraft)
            ) { $1 }
            model.merge(models.time.model(issue.closedAtMs ?? issue.createdAtMs)) { $1 }
            return model
        }
    }
}

/// The way to the other pages of a list.
struct Pager {
    private let page: Page
    private let count: Int
    private let total: Int
    private let address: (Int) -> String

    /// - Parameters:
    ///   - count: How many this page shows.
    ///   - address: The address of a page by its number.
    init(_ page: Page, count: Int, total: Int, address: @escaping (Int) -> String) {
        self.page = page
        self.count = count
        self.total = total
        self.address = address
    }

    private var last: Int { max(1, (total + page.limit - 1) / page.limit) }

    var model: PageRenderer.Model {
        guard total > page.limit || page.number > 1 else { return [:] }
        var model: PageRenderer.Model = [
            "hasPager": true,
            "pageRange": count == 0
                ? "Nothing on this page"
                : "\(page.offset + 1)–\(page.offset + count) of \(total)",
        ]
        if page.number > 1 { model["previousURL"] = address(min(page.number - 1, last)) }
        if page.number < last { model["nextURL"] = address(page.number + 1) }
        let near = Set([1, last] + (page.number - 2...page.number + 2)).filter {
            (1...last).contains($0)
        }.sorted()
        model["pageLinks"] = near.enumerated().map { index, number -> PageRenderer.Model in
            [
                "pageNumber": number, "pageURL": address(number),
                "isHere": number == page.number,
                "isAfterGap": index > 0 && near[index - 1] + 1 < number,
            ]
        }
        return model
    }
}
