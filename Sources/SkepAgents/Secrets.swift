import SkepCore
import SkepWire
import Subprocess

extension AgentHouse {
    /// A secret's value; `nil` when it isn't there. Never logged, never part of an error.
    func value(of source: AgentDefinition.SecretSource) async throws -> String? {
        switch source {
        case .environment(let variable): return environment[variable]
        case .file(let file):
            let path = file.hasPrefix("~/") ? operatorHome + file.dropFirst() : file
            guard let bytes = try? Files.read(path) else { return nil }
            return Self.withoutLineEnd(String(decoding: bytes, as: UTF8.self))
        case .command(let words): return try await output(of: words)
        }
    }

    /// What a password manager's command prints; it gets half a minute.
    private func output(of words: [String]) async throws -> String? {
        guard !words.isEmpty else { return nil }
        let environment = Dictionary(
            self.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) },
            uniquingKeysWith: { _, last in last })
        return try await withThrowingTaskGroup(of: String?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                // The shell finds the program as a person's would, and gives way to it.
                let result = try await run(
                    .name("sh"), arguments: Arguments(["-c", "exec \"$@\"", "sh"] + words),
                    environment: .custom(environment), input: .none,
                    output: .string(limit: 64 << 10), error: .discarded)
                guard case .exited(0) = result.terminationStatus else { return nil }
                return Self.withoutLineEnd(result.standardOutput)
            }
            group.addTask {
                try await Task.sleep(for: .seconds(30))
                return nil
            }
            return try await group.next() ?? nil
        }
    }

    private static func withoutLineEnd(_ text: String) -> String {
        // "\r\n" is one character.
        text.last?.isNewline == true ? String(text.dropLast()) : text
    }
}
