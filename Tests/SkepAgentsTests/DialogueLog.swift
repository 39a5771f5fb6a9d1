@testable import SkepAgents
import SkepCore
import SkepWire
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A session's log as a dialogue takes it, made by hand or of a recorded transcript.
struct DialogueLog {
    private(set) var entries: [LogEntry] = []

    static let brief = Brief(
        prompt: "Do it.", resumes: nil, fullPrompt: "Do it.",
        places: Brief.Places(
            workspace: "/tree", home: "/home", output: "/out/output.json",
            promptFile: "/session/prompt.md", issueFile: "/session/issue.md"))

    /// - Parameter resumes: The vendor's session.
    static func brief(resumes: String) -> Brief {
        var brief = brief
        brief.resumes = resumes
        return brief
    }

    /// Each entry comes a second after the one before.
    mutating func add(_ kind: LogEntry.Kind) {
        let at = Moment(wallMS: 1_700_000_000_000 + Int64(entries.count) * 1000, uptimeMS: 0)
        entries.append(LogEntry(at: at, kind: kind))
    }

    mutating func print(_ line: String) { add(.output(Array(line.utf8))) }

    /// The lines of a file in Fixtures.
    mutating func printRecorded(_ name: String) throws {
        for line in try Self.recorded(name) { print(line) }
    }

    static func recorded(_ name: String) throws -> [String] {
        let bytes = try #require(try Files.read(fixtures + "/" + name))
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    static var fixtures: String {
        "\(#filePath)".split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/Fixtures"
    }

    func events(_ dialogue: any Dialogue) -> [SessionEvent.Kind] {
        var dialogue = dialogue
        return entries.flatMap { dialogue.take($0) }
    }

    func unheard(_ dialogue: any Dialogue) -> UnheardMail {
        var dialogue = dialogue
        for entry in entries { _ = dialogue.take(entry) }
        return dialogue.unheard
    }

    /// Does what the dialogue wishes whenever it has taken a line, until it has no wish.
    static func conversation(
        _ dialogue: any Dialogue, _ lines: [String], mail: [Int: String] = [:]
    ) -> DialogueLog {
        var dialogue = dialogue
        var log = DialogueLog()
        var taken = 0
        func goOn() {
            while true {
                while taken < log.entries.count {
                    _ = dialogue.take(log.entries[taken])
                    taken += 1
                }
                guard let wish = dialogue.wishes.first else { return }
                switch wish {
                case .say(let line):
                    #expect(line.last == UInt8(ascii: "\n"))
                    log.add(.said(line.dropLast()))
                case .endInput: log.add(.inputEnded)
                case .perform, .stop: return
                }
            }
        }
        goOn()
        for (index, line) in lines.enumerated() {
            if let text = mail[index] { log.add(.mail(text)) }
            log.print(line)
            goOn()
        }
        log.add(.over)
        return log
    }

    /// Whoever comes later, at whatever moment, tells the same and says nothing twice.
    func expectAdoption(_ make: () -> any Dialogue) {
        let whole = events(make())
        for cut in 0...entries.count {
            var first = make()
            var told = entries[..<cut].flatMap { first.take($0) }
            var second = make()
            for entry in entries[..<cut] { _ = second.take(entry) }
            #expect(Self.words(first.wishes) == Self.words(second.wishes))
            if cut < entries.count, let wish = Self.word(of: entries[cut]) {
                let cancel = second.cancel.map { String(decoding: $0.dropLast(), as: UTF8.self) }
                #expect(
                    Self.words(second.wishes).first == wish || cancel == wish, "entry \(cut)")
            }
            told += entries[cut...].flatMap { second.take($0) }
            #expect(told == whole, "cut at entry \(cut)")
        }
    }

    private static func word(of entry: LogEntry) -> String? {
        switch entry.kind {
        case .said(let line): String(decoding: line, as: UTF8.self)
        case .inputEnded: "end"
        default: nil
        }
    }

    static func words(_ wishes: [Wish]) -> [String] {
        wishes.map { wish in
            switch wish {
            case .say(let line): String(decoding: line.dropLast(), as: UTF8.self)
            case .endInput: "end"
            case .perform(let key, _): "perform \(key)"
            case .stop: "stop"
            }
        }
    }

    /// How it would be asked to break off after this log.
    func cancel(_ dialogue: any Dialogue) -> String? {
        var dialogue = dialogue
        for entry in entries { _ = dialogue.take(entry) }
        return dialogue.cancel.map { String(decoding: $0.dropLast(), as: UTF8.self) }
    }

    /// What a dialogue has to say after this log.
    func wishes(_ dialogue: any Dialogue) -> [String] {
        var dialogue = dialogue
        for entry in entries { _ = dialogue.take(entry) }
        return Self.words(dialogue.wishes)
    }
}
