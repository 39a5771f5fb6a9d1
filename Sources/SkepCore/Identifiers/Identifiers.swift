public import SkepQueue

/// The number of a run.
public struct RunID: NumericIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of a trigger.
public struct TriggerID: NumericIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of an agent session; also the name of its folder.
public struct SessionID: NumericIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of a report.
public struct ReportID: NumericIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of a burn-down.
public struct BurndownID: NumericIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of a retirement: issues closed together, with one reason.
public struct RetirementID: NumericIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// The number of an event; later ones have larger numbers.
public struct EventID: NumericIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// The name of an agent, such as "claude": letters, digits, "-", "_" and ".", at most 40.
public struct AgentName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Whether it can stand in branch names, labels and file names.
    public var isValid: Bool {
        !rawValue.isEmpty && rawValue.utf8.count <= 40 && !rawValue.hasPrefix(".")
            && !rawValue.hasPrefix("-") && !rawValue.hasSuffix(".") && !rawValue.contains("..")
            && !rawValue.hasSuffix(".lock")
            && rawValue.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

/// The name of a workflow, such as "fix".
public struct WorkflowName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// The name of a step within its workflow, such as "checks".
public struct StepName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// What a step does, such as "agent"; names the step's code.
public struct StepKind: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A branch's name without "refs/heads/".
public struct BranchName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A user's name on the tracker. Compared without regard to case.
public struct LoginName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static func == (left: LoginName, right: LoginName) -> Bool {
        left.rawValue.lowercased() == right.rawValue.lowercased()
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue.lowercased()) }
}

/// The name of a commit: 40 lower-case hexadecimal digits.
public struct CommitID: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: String

    /// `nil` unless it is 40 hexadecimal digits.
    public init?(rawValue: String) {
        let lower = rawValue.lowercased()
        guard lower.utf8.count == 40, lower.utf8.allSatisfy(Self.isHexDigit) else { return nil }
        self.rawValue = lower
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    public var description: String { rawValue }
    /// The first ten digits, for people.
    public var short: String { String(rawValue.prefix(10)) }
}

/// A repository on the tracker, "owner/name". Compared without regard to case.
public struct RepositoryName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let owner: String
    public let name: String

    /// Reads "owner/name"; `nil` when it isn't of that form.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy(Self.isValid) else { return nil }
        owner = String(parts[0])
        name = String(parts[1])
    }

    private static func isValid(_ part: Substring) -> Bool {
        !part.isEmpty && part.utf8.count <= 100 && part != "." && part != ".."
            && part.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-"
                        || $0 == "_" || $0 == ".")
            }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = RepositoryName(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not of the form owner/name")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public static func == (left: RepositoryName, right: RepositoryName) -> Bool {
        left.folded == right.folded
    }

    public static func < (left: RepositoryName, right: RepositoryName) -> Bool {
        left.folded < right.folded
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(folded) }

    private var folded: String { description.lowercased() }

    public var description: String { "\(owner)/\(name)" }
}

/// An issue or a pull request on the tracker: "owner/name#12".
public struct IssueReference: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let repository: RepositoryName
    /// At least 1; counted by repository, shared by issues and pull requests.
    public let number: Int

    public init(repository: RepositoryName, number: Int) {
        self.repository = repository
        self.number = number
    }

    /// Reads "owner/name#12", and "12" or "#12" where one repository is meant.
    public init?(_ text: String, in repository: RepositoryName? = nil) {
        guard let mark = text.lastIndex(of: "#") else {
            guard let repository, let number = Int(text), number > 0 else { return nil }
            self.init(repository: repository, number: number)
            return
        }
        guard let number = Int(text[text.index(after: mark)...]), number > 0 else { return nil }
        if mark == text.startIndex, let repository {
            self.init(repository: repository, number: number)
        } else if let named = RepositoryName(String(text[..<mark])) {
            self.init(repository: named, number: number)
        } else {
            return nil
        }
    }

    public static func < (left: IssueReference, right: IssueReference) -> Bool {
        (left.repository, left.number) < (right.repository, right.number)
    }

    public var description: String { "\(repository)#\(number)" }
}
