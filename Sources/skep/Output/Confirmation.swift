import ArgumentParser
import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Asks before something is done that can't easily be undone.
enum Confirmation {
    /// - Throws: `ProgramError` where nobody can be asked, before anything is shown.
    static func require(_ console: Console) throws {
        guard isatty(0) == 1, console.remarks.isTerminal, !console.isJSON else {
            throw ProgramError(
                .usage, "Nobody can be asked here.",
                why: console.isJSON
                    ? "--json is for programs."
                    : "Standard input and standard error aren't both a terminal.",
                advice: "Say --yes, or --dry-run to look.")
        }
    }

    /// - Throws: What `require` throws; `ExitCode(1)` when the answer isn't yes.
    static func ask(_ question: String, _ console: Console) throws {
        try require(console)
        console.remarks.write("\(PlainText.line(question)) [y/N] ")
        guard ["y", "yes"].contains((readLine() ?? "").lowercased()) else {
            console.remarks.line("Nothing was done.")
            throw ExitCode(1)
        }
    }
}
