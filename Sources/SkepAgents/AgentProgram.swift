public import SkepCore
import Subprocess

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What can be known of an agent on this machine without starting a session.
public protocol InspectableAgent: Agent {
    /// The word that its adapter looks for: a name, or a path.
    var programName: String { get }
    /// Its file; `nil` when there is none.
    var programPath: String? { get }
    /// What `program --version` prints first; `nil` when it prints nothing within five seconds.
    func version() async -> String?
    /// Whether a secret's value is there. Its value is never shown.
    func hasSecret(_ name: String) async -> Bool
    /// The files of the operator's home that it needs, and whether they are there.
    var logins: [(path: String, isThere: Bool)] { get }
    /// What a session that works would have in force here, found by trying it; `nil` when it can't
    /// be tried.
    func sandbox() async -> SandboxReport?
}

extension HostedAgent: InspectableAgent {
    var programName: String { adapter.program }

    var programPath: String? { try? program(in: plainEnvironment(house.loginHome)) }

    func hasSecret(_ name: String) async -> Bool {
        guard let source = definition.secrets[name] else { return false }
        return (try? await house.value(of: source))?.isEmpty == false
    }

    var logins: [(path: String, isThere: Bool)] {
        definition.home.needed.map { ("~/" + $0, FileStatus.exists(house.loginHome + "/" + $0)) }
    }

    func sandbox() async -> SandboxReport? {
        guard let level = definition.sandbox.level(isReadOnly: false) else {
            return SandboxReport(level: .none, measures: [])
        }
        return try? await SandboxProbe(host: house.host, level: level, user: house.user).report
    }

    func version() async -> String? {
        // Skep itself needn't be asked.
        guard let program = programPath, program != house.selfCommand.first else { return nil }
        guard (try? house.checkUser()) != nil else { return nil }
        var variables = house.allowed(definition.environment)
        variables["HOME"] = house.loginHome
        variables.merge(house.userVariables) { own, _ in own }
        if house.user != nil {
            // For the host, which takes it away.
            variables["LD_LIBRARY_PATH"] = house.environment["LD_LIBRARY_PATH"]
        }
        var options = PlatformOptions()
        options.teardownSequence = [.send(signal: .kill, allowedDurationToNextStep: .zero)]
        let environment = Environment.custom(
            Dictionary(
                variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) },
                uniquingKeysWith: { _, last in last }))
        return await withTaskGroup(of: String?.self) { [options] group in
            defer { group.cancelAll() }
            group.addTask {
                // The shell finds it by its path as ever, and gives way to it.
                let words = house.byAgentsUser([program, "--version"])
                let result = try? await run(
                    .name("sh"), arguments: Arguments(["-c", "cd / && exec \"$@\"", "sh"] + words),
                    environment: environment, platformOptions: options, input: .none,
                    output: .string(limit: 64 << 10), error: .discarded)
                guard let result, result.terminationStatus.isSuccess else { return nil }
                let line = result.standardOutput.split(separator: "\n").first.map(String.init)
                // A program that doesn't know the option may have begun to work.
                return line.flatMap { $0.contains(where: \.isNumber) ? $0 : nil }
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(5))
                return nil
            }
            return await group.next() ?? nil
        }
    }
}
