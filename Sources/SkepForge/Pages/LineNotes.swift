import GRDB

/// The reviews' comments on lines, by their place in the difference.
struct LineNotes {
    private struct Place: Hashable {
        let path: String
        let isOld: Bool
        let line: Int
    }

    private var notes: [Place: [PageRenderer.Model]] = [:]

    /// - Parameter head: Comments on another commit than this aren't shown: lines have moved since.
    init(_ models: PageModels, _ issue: IssueRow, head: String) throws {
        let context = models.context()
        for review in try ReviewRow.of(models.db, issue: issue.id)
        where review.commitId == head && models.visit.call.maySee(review) {
            for comment in try ReviewCommentRow.of(models.db, review: review.id) {
                let isOld = comment.newLine == 0
                let place = Place(
                    path: comment.path, isOld: isOld,
                    line: isOld ? comment.oldLine : comment.newLine)
                let model = try models.person(id: comment.authorId ?? review.authorId)
                    .adding(models.time.model(comment.createdAtMs))
                    .adding([
                        "noteURL":
                            "\(ConversationPage.address(models, issue))#reviewcomment-\(comment.id)",
                        "noteBody": Markdown.html(comment.body, in: context),
                    ])
                notes[place, default: []].append(model)
            }
        }
    }

    /// The comments on a line; those on its new side before those on its old one.
    func of(_ file: Diff.File, _ line: Diff.Line) -> [PageRenderer.Model] {
        guard !notes.isEmpty else { return [] }
        let new = line.newNumber.flatMap { notes[Place(path: file.path, isOld: false, line: $0)] }
        let old = line.oldNumber.flatMap { number in
            notes[Place(path: file.path, isOld: true, line: number)]
                ?? notes[Place(path: file.oldPath, isOld: true, line: number)]
        }
        return (new ?? []) + (old ?? [])
    }
}
