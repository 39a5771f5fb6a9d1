import ArgumentParser
import SkepCore

/// The text of an issue or a comment.
struct ForgeTextOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Its text.", valueName: "text"))
    var body: String?
    @Option(help: ArgumentHelp("The file with its text; - is standard input.", valueName: "file"))
    var bodyFile: String?

    private static let maxBytes = 16 << 20

    func validate() throws {
        guard body == nil || bodyFile == nil else {
            throw ValidationError("--body and --body-file exclude each other")
        }
    }

    /// The text; `nil` when none was given.
    func read() throws -> String? { try bodyFile.map(read) ?? body }

    private func read(_ path: String) throws -> String {
        let surroundings = Surroundings.current()
        do {
            return path == "-"
                ? try TextFile.readInput(maxBytes: Self.maxBytes)
                : try TextFile.read(
                    surroundings.path(path, in: surroundings.workingFolder),
                    maxBytes: Self.maxBytes)
        } catch {
            throw ProgramError(
                .conflict,
                path == "-"
                    ? "Can't read the text from standard input."
                    : "Can't read the text from \"\(path)\".",
                why: error.sentence)
        }
    }
}
