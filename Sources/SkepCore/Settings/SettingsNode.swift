/// Where a setting stands: a file (or "environment", "flags") and a line from 1.
public struct SettingsLocation: Sendable, Hashable, CustomStringConvertible {
    public let source: String
    public let line: Int?

    public init(source: String, line: Int? = nil) {
        self.source = source
        self.line = line
    }

    public var description: String { line.map { "\(source):\($0)" } ?? source }
}

/// A tree of settings with the place of each: what a YAML file says, before anyone has read it.
public struct SettingsNode: Sendable, Hashable {
    public indirect enum Value: Sendable, Hashable {
        case null
        case boolean(Bool)
        case integer(Int)
        case number(Double)
        case text(String)
        case list([SettingsNode])
        case map([Entry])
    }

    public struct Entry: Sendable, Hashable {
        public let key: String
        public let keyLocation: SettingsLocation
        public let value: SettingsNode

        public init(key: String, keyLocation: SettingsLocation, value: SettingsNode) {
            self.key = key
            self.keyLocation = keyLocation
            self.value = value
        }
    }

    public let value: Value
    public let location: SettingsLocation

    public init(_ value: Value, at location: SettingsLocation) {
        self.value = value
        self.location = location
    }
}

/// One mistake in the settings.
public struct SettingsMistake: Sendable, Hashable, CustomStringConvertible {
    public let location: SettingsLocation
    public let message: String

    public init(_ message: String, at location: SettingsLocation) {
        self.message = message
        self.location = location
    }

    public var description: String { "\(location): \(message)" }
}

/// All mistakes of a reading, at once.
public struct SettingsError: SkepError, Hashable {
    public let mistakes: [SettingsMistake]

    public init(mistakes: [SettingsMistake]) { self.mistakes = mistakes }

    public var kind: ErrorKind { .configuration }
    public var what: String {
        mistakes.count == 1
            ? "The configuration has a mistake."
            : "The configuration has \(mistakes.count) mistakes."
    }
    public var why: String? { mistakes.map(\.description).joined(separator: "\n") }
    public var advice: String? {
        let areDefinitions = mistakes.map { $0.location.source.hasSuffix(".md") }
        return [
            areDefinitions.contains(false) ? "docs/configuration.md has every key." : nil,
            areDefinitions.contains(true)
                ? "docs/write-an-agent.md has the keys of agents, docs/write-a-workflow.md those of "
                    + "workflows." : nil,
        ].compactMap { $0 }.joined(separator: "\n")
    }
}
