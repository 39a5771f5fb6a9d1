import ArgumentParser
import SkepCore

/// `skep workflow …`: what is done with an issue.
struct WorkflowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflow", abstract: "Look at the workflows",
        discussion: "Example: skep workflow list", subcommands: [WorkflowList.self])
}

struct WorkflowList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the workflows and their steps",
        discussion: "Example: skep workflow list --json")

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let house = try House.read(common.layers())
        common.console(quiet: quiet).show(
            house.workflows, id: { $0.name.rawValue }, json: \.json, table: \.table,
            none: "There are no workflows in \(house.workflowsFolder).")
    }
}

extension Workflow {
    var json: JSON {
        .object([
            "name": .name(name),
            "asks": .list(asks.map(\.rawValue).sorted().map { .text($0) }),
            "select_labels": selection.map { .list($0.labels.map { .text($0) }) } ?? .null,
            "default_agent": .name(defaultAgent),
            "branch": .text(branch.source),
            "steps": .list(
                steps.map { step in
                    .object([
                        "name": .name(step.name),
                        "kind": .name(step.kind),
                        "max_failures": .number(step.maxFailures),
                    ])
                }),
            "source": .text(location.source),
        ])
    }
}

extension [Workflow] {
    var table: Table {
        var table = Table([
            .fixed("WORKFLOW"), .flexible("STEPS"), .flexible("ASKED BY"), .flexible("SELECTS"),
            .fixed("DEFAULT AGENT"), .flexible("FROM"),
        ])
        for workflow in self {
            table.add([
                workflow.name.rawValue, workflow.steps.map(\.name.rawValue).joined(separator: ", "),
                workflow.asks.map(\.rawValue).sorted().joined(separator: ", "),
                workflow.selection.map { $0.labels.joined(separator: ", ") } ?? "-",
                workflow.defaultAgent?.rawValue ?? "-", workflow.location.source,
            ])
        }
        return table.withoutEmptyColumns()
    }
}
