import ArgumentParser
import SkepCore

/// Tells a command's name that was mistyped; the parser would only call it an unexpected argument.
enum UnknownCommand {
    /// - Returns: `nil` when something else is wrong with the arguments.
    static func mistake(_ arguments: [String]) -> UsageError? {
        guard arguments.first != "help" else { return nil }
        var command: any ParsableCommand.Type = Skep.self
        var path = ""
        for argument in arguments {
            let children = subcommands(of: command)
            guard !argument.hasPrefix("-"), !children.isEmpty else { return nil }
            if let child = children.first(where: { $0._commandName == argument }) {
                command = child
                path += argument + " "
                continue
            }
            let names = children.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
            let what = "There is no command \"\(path)\(argument)\""
            if let near = nearest(to: argument, among: names) {
                return UsageError("\(what); did you mean \"\(path)\(near)\"?")
            }
            return UsageError("\(what).", advice: "\"skep \(path)--help\" shows those there are.")
        }
        return nil
    }

    private static func subcommands(of command: any ParsableCommand.Type)
        -> [any ParsableCommand.Type]
    {
        let configuration = command.configuration
        return configuration.groupedSubcommands.flatMap(\.subcommands)
            + configuration.ungroupedSubcommands
    }
}
