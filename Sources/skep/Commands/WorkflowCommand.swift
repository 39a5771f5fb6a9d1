import ArgumentParser
import SkepCore

/// `skep workflow …`: what is done with an issue.
struct WorkflowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workflow", abstract: "Look at the workflows",
        discussion: "Example: skep workflow list",
        subcommands: [WorkflowList.self, WorkflowShow.self])
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

struct WorkflowShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a workflow: who asks, when, its steps, its prompt",
        discussion: "Example: skep workflow show fix")

    @Argument(help: "The workflow's name.")
    var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let house = try House.read(common.layers())
        let names = house.workflows.map(\.name.rawValue)
        guard let workflow = house.workflows.first(where: { $0.name.rawValue == name }) else {
            throw ProgramError(
                .conflict, "There is no workflow \"\(name)\".",
                why: nearest(to: name, among: names).map { "Did you mean \"\($0)\"?" },
                advice: "\"skep workflow list\" shows those there are.")
        }
        let console = common.console()
        if console.isJSON { return console.show(workflow.detailedJSON) }
        workflow.show(on: console)
    }
}
