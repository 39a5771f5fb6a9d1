import ArgumentParser
import SkepCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How the program ends: the numbers of sysexits.h, and the text of an error.
enum Exit {
    static let done: Int32 = 0
    static let interrupted: Int32 = 130
    static let terminated: Int32 = 143

    static func code(for kind: ErrorKind) -> Int32 {
        switch kind {
        case .conflict, .refused: 1
        case .usage: 64
        case .unavailable: 69
        case .defect: 70
        case .configuration: 78
        }
    }

    /// What is said about an error that isn't one of ours: it should have been.
    static func described(_ error: any Error) -> any SkepError {
        (error as? any SkepError) ?? UnexpectedError(error: error)
    }

    /// "error: what" with why and advice below, indented.
    static func text(of error: any SkepError, terminal: Terminal? = nil) -> String {
        let label = terminal?.styled("error:", .red) ?? "error:"
        let indent = "       "
        let lines = [error.what, error.why, error.advice]
            .compactMap { $0 }
            .flatMap {
                PlainText.lines($0).split(separator: "\n", omittingEmptySubsequences: false)
            }
        return label + " " + lines.joined(separator: "\n" + indent) + "\n"
    }

    static func json(of error: any SkepError) -> JSON {
        .object([
            "error": .object([
                "kind": .text(error.kind.rawValue),
                "what": .text(error.what),
                "why": .optional(error.why),
                "advice": .optional(error.advice),
                "exit_code": .number(code(for: error.kind)),
            ])
        ])
    }

    /// Tells an error and ends the program.
    static func end(with error: any Error, of arguments: [String], environment: [String: String])
        -> Never
    {
        if let code = error as? ExitCode { exit(code.rawValue) }
        let isOurs = error is any SkepError
        if !isOurs, isFromParser(error) { endParsing(error, arguments) }
        if error is CancellationError { exit(interrupted) }
        let described = described(error)
        tell(described, arguments, environment)
        exit(code(for: described.kind))
    }

    static func tell(
        _ error: any SkepError, _ arguments: [String], _ environment: [String: String]
    ) {
        let terminal = Terminal(descriptor: 2, colour(arguments), environment)
        if arguments.contains("--json") {
            terminal.write(json(of: error).document())
        } else {
            terminal.write(text(of: error, terminal: terminal))
        }
    }

    /// Help and mistakes on the command line, which the parser words.
    private static func endParsing(_ error: any Error, _ arguments: [String]) -> Never {
        let code = Skep.exitCode(for: error)
        if code != .success,
            let mistake = UnknownCommand.mistake(arguments) ?? NegativeValue.mistake(arguments)
        {
            tell(mistake, arguments, Surroundings.current().environment)
            exit(64)
        }
        if code != .success, arguments.contains("--json") {
            tell(UsageError(Skep.message(for: error)), arguments, [:])
            exit(64)
        }
        var text = Skep.fullMessage(for: error)
        if text.hasPrefix("Error: ") { text = "error: " + text.dropFirst("Error: ".count) }
        Terminal(descriptor: code == .success ? 1 : 2, .never, [:]).line(text)
        exit(code == .success ? done : 64)
    }

    private static func isFromParser(_ error: any Error) -> Bool {
        error is ValidationError || error is CleanExit
            || String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
    }

    private static func colour(_ arguments: [String]) -> Terminal.Colour {
        arguments.contains("--color=never") ? .never : .auto
    }
}

/// A command line that was understood and makes no sense.
struct UsageError: SkepError, Hashable {
    let kind = ErrorKind.usage
    let what: String
    let why: String?
    let advice: String?

    init(_ what: String, why: String? = nil, advice: String? = nil) {
        self.what = what
        self.why = why
        self.advice = advice
    }
}

/// An error that no part of Skep has words for.
private struct UnexpectedError: SkepError {
    let error: any Error

    var kind: ErrorKind { .defect }
    var what: String { "Something happened that Skep isn't prepared for." }
    var why: String? { "\(type(of: error)): \(error)" }
    var advice: String? {
        "This is a defect in Skep. Please report it with this text and \"skep --version\"."
    }
}

/// What went wrong in the program itself, where no part has an error of its own.
struct ProgramError: SkepError, Hashable {
    let kind: ErrorKind
    let what: String
    let why: String?
    let advice: String?

    init(_ kind: ErrorKind, _ what: String, why: String? = nil, advice: String? = nil) {
        self.kind = kind
        self.what = what
        self.why = why
        self.advice = advice
    }
}
