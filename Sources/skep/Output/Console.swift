import SkepQueue

/// Where a command's results and remarks go, and in what form.
struct Console: Sendable {
    /// Results.
    let output: Terminal
    /// Everything else.
    let remarks: Terminal
    let isJSON: Bool
    /// Only ids.
    let isQuiet: Bool

    init(colour: Terminal.Colour, json: Bool, quiet: Bool = false, environment: [String: String]) {
        output = Terminal(descriptor: 1, colour, environment)
        remarks = Terminal(descriptor: 2, colour, environment)
        isJSON = json
        isQuiet = quiet
    }

    /// Something a person may want to know; programs and pipes aren't told.
    func note(_ text: String) {
        if remarks.isTerminal, !isJSON { remarks.line(PlainText.lines(text)) }
    }

    /// Something that was done.
    func say(_ text: String) {
        if !isJSON, !isQuiet { output.line(PlainText.lines(text)) }
    }

    func show(_ document: JSON) { output.write(document.document()) }

    /// A list, in the form that was asked for.
    func show<Item>(
        _ items: [Item], id: (Item) -> String, json: (Item) -> JSON, table: ([Item]) -> Table,
        none: String
    ) {
        if isJSON { return show(.list(items.map(json))) }
        if isQuiet {
            return output.write(items.map { PlainText.line(id($0)) + "\n" }.joined())
        }
        guard !items.isEmpty else { return note(none) }
        show(table(items))
    }

    func show(_ table: Table) {
        let lines = table.lines(width: output.width) { output.styled($0, .bold) }
        output.write(lines.map { $0 + "\n" }.joined())
    }

    /// Names and values under each other: "state    ready". Values without text are left out.
    func show(_ facts: [(name: String, value: String?)]) {
        let shown = facts.compactMap { fact in fact.value.map { (fact.name, $0) } }
        let width = shown.map { $0.0.count }.max() ?? 0
        for (name, value) in shown {
            let room = output.width.map { max(20, $0 - width - 2) } ?? .max
            let lines = PlainText.lines(value)
                .split(separator: "\n", omittingEmptySubsequences: false)
                .flatMap { TextWidth.wrap(String($0), to: room) }
            let indent = String(repeating: " ", count: width + 2)
            output.line(
                output.styled(TextWidth.pad(name, to: width), .dim) + "  "
                    + lines.joined(separator: "\n" + indent))
        }
    }

    func heading(_ text: String) { output.line("\n" + output.styled(text, .bold)) }
}
