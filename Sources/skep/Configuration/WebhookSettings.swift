import Foundation
import SkepCore

/// Where webhooks are taken, and what they are signed with.
struct WebhookSettings: Sendable, Hashable {
    let host: String
    let port: Int
    let secret: AgentDefinition.SecretSource

    /// Reads all of its keys; `nil` when something essential is missing, which is then told.
    init?(_ reader: SettingsReader) {
        let listen = reader.requiredText("listen")
        let variable = reader.text("secret_env")
        let file = reader.text("secret_file")
        reader.finish()
        guard
            let secret = variable.map(AgentDefinition.SecretSource.environment)
                ?? file.map(AgentDefinition.SecretSource.file), variable == nil || file == nil
        else {
            reader.mistake(
                "\"webhooks\" needs secret_env or secret_file, one of them: anybody could send "
                    + "deliveries otherwise", at: reader.location)
            return nil
        }
        guard !listen.isEmpty else { return nil }
        guard let (host, port) = Self.address(listen) else {
            reader.mistake(
                "\"listen\" must be an address and a port, such as 127.0.0.1:8920",
                at: reader.location(of: "listen"))
            return nil
        }
        self.host = host
        self.port = port
        self.secret = secret
    }

    /// "8920", "127.0.0.1:8920", "[::1]:8920".
    private static func address(_ text: String) -> (String, Int)? {
        if let port = Int(text), (0...65535).contains(port) { return ("127.0.0.1", port) }
        guard let colon = text.lastIndex(of: ":"),
            let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return host.isEmpty || host.contains("[") ? nil : (host, port)
    }
}

/// Reads secrets that the configuration names: the value itself never stands there.
enum ConfiguredSecret {
    /// - Parameter purpose: What it is for: "for the webhooks".
    static func read(
        _ source: AgentDefinition.SecretSource, purpose: String, _ surroundings: Surroundings
    ) throws -> Secret {
        let text: String
        let place: String
        switch source {
        case .environment(let name):
            text = surroundings.environment[name] ?? ""
            place = "the environment variable \"\(name)\""
        case .file(let name):
            let path = surroundings.path(name, in: surroundings.workingFolder)
            place = "the file \"\(path)\""
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw ProgramError(
                    .configuration, "There is no secret \(purpose).", why: "Can't read \(place).",
                    advice: "Put it there, readable by this user only.")
            }
            text = String(decoding: bytes.prefix(4096), as: UTF8.self)
        case .command:
            throw ProgramError(
                .configuration, "There is no secret \(purpose).",
                why: "It can't come from a command.",
                advice: "Name an environment variable or a file.")
        }
        let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !value.isEmpty else {
            throw ProgramError(
                .configuration, "There is no secret \(purpose).",
                why: "There is nothing in \(place).", advice: "Put it there.")
        }
        return Secret(value)
    }
}
