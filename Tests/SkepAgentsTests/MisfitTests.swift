import SkepCore
import SkepTestSupport
import Testing

@testable import SkepAgents

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Each one through a real host; see Fixtures/misfit.py for what they do.
@Suite("Agents that misuse other protocols")
struct MisfitTests {
    enum Kind: String, CaseIterable { case claude, codex, lines, text }

    private let fixture: CommandFixture

    init() throws { fixture = try CommandFixture() }

    private func agent(
        _ kind: Kind, _ way: String, _ further: [(String, SettingsNode.Value)] = []
    ) throws -> any Agent {
        let program = try fixture.bring("misfit.py")
        chmod(program, 0o755)
        let way = "--way=" + way
        let keys: [(String, SettingsNode.Value)]
        switch kind {
        case .claude, .codex:
            keys = [
                ("adapter", .text(kind == .codex ? "codex" : "claude-code")),
                ("program", .text(program)), ("arguments", CommandFixture.list([way])),
            ]
        case .lines:
            func rule(_ type: String, _ more: [(String, String)] = []) -> SettingsNode.Value {
                let condition = CommandFixture.map([("type", .text(type))])
                return CommandFixture.map(
                    [("when", condition)] + more.map { ($0.0, .text($0.1)) })
            }
            keys = [
                ("adapter", .text("json-lines")),
                ("command", CommandFixture.list([program, "lines", way])),
                (
                    "events",
                    CommandFixture.map([
                        ("message", rule("message", [("text", "text")])), ("end", rule("end")),
                        ("problem", rule("error", [("text", "text")])),
                    ])
                ),
            ]
        case .text: keys = [("command", CommandFixture.list([program, "text", way]))]
        }
        return try fixture.agent(keys + further)
    }

    @Test("A line of 20 MiB is passed over, and the next ones are read", arguments: Kind.allCases)
    func floods(kind: Kind) async throws {
        let (result, output) = try await fixture.run(agent(kind, "floods"))

        #expect(result.failure == nil)
        #expect(result.ending == .exited(code: 0))
        if kind == .text {
            #expect(output.hasSuffix("x\nstill here\n\n"))
        } else {
            #expect(result.lastMessage == "still here")
            #expect(output.utf8.count < 1 << 16)
        }
    }

    @Test(
        "An error inside is a failure, though its exit status is 0",
        arguments: Kind.allCases.filter { $0 != .text })
    func fails(kind: Kind) async throws {
        let (result, _) = try await fixture.run(agent(kind, "fails"))

        #expect(result.ending == .exited(code: 0))
        #expect(result.failure?.message == "The sky fell.")
    }

    @Test("It gets a prompt of a megabyte, whole", arguments: Kind.allCases)
    func measures(kind: Kind) async throws {
        let prompt = String(repeating: "ä\n\"\u{1}", count: 220_000)

        let (result, output) = try await fixture.run(
            agent(kind, "measures"), fixture.assignment(prompt: prompt))

        #expect(result.failure == nil)
        #expect((kind == .text ? output : result.lastMessage).hasPrefix("880000"))
    }

    @Test(
        "One that ends in the middle of a line has failed, though its exit status is 0",
        arguments: Kind.allCases.filter { $0 != .text })
    func halves(kind: Kind) async throws {
        let (result, output) = try await fixture.run(agent(kind, "halves"))

        #expect(result.ending == .exited(code: 0))
        #expect(result.failure?.type == .protocolViolation)
        #expect(output.hasSuffix("succ\n"))
    }

    @Test("One that asks for ever for what it doesn't get is interrupted and ended")
    func asks() async throws {
        let refused = CommandFixture.map([("refuse", CommandFixture.list(["execute"]))])
        let assignment = try fixture.assignment()

        let (result, _) = try await fixture.run(
            agent(.claude, "asks", [("permissions", refused)]), assignment)

        #expect(result.failure?.type == .policyViolation)
        #expect(try fixture.remains(of: assignment.session) == 0)
    }
}
