internal import Foundation

/// An id that the database gave: a positive 64-bit number with a type of its own.
public protocol NumericIdentifier:
    RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible,
    LosslessStringConvertible
where RawValue == Int64 {
    init(rawValue: Int64)
}

extension NumericIdentifier {
    public init?(_ description: String) {
        guard let number = Int64(description), number > 0 else { return nil }
        self.init(rawValue: number)
    }

    public var description: String { String(rawValue) }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A name that is compared letter by letter, with a type of its own.
public protocol NameIdentifier:
    RawRepresentable, Hashable, Comparable, Sendable, Codable, CustomStringConvertible,
    ExpressibleByStringLiteral
where RawValue == String {
    init(rawValue: String)
}

extension NameIdentifier {
    public init(stringLiteral value: String) { self.init(rawValue: value) }

    public var description: String { rawValue }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The number of a job.
public struct JobID: NumericIdentifier {
    public let rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
}

/// The name of a queue. At most 200 bytes.
public struct QueueName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue.canonical }
}

/// What sort of job it is; says which handler runs it. At most 200 bytes.
public struct JobKind: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue.canonical }
}

/// What jobs share that may run only so many at a time, such as an agent's name. At most 1 KiB.
public struct ConcurrencyKey: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue.canonical }
}

/// The name of a schedule. At most 200 bytes.
public struct ScheduleName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue.canonical }
}

/// The name of an event that jobs wait for. At most 1 KiB.
public struct EventName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue.canonical }
}

/// The name of a semaphore. At most 1 KiB.
public struct SemaphoreName: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue.canonical }
}

/// One worker: a process, from its start to its end. Random, so that it is never met again.
public struct WorkerID: NameIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A new worker's name: "w-" and 16 random hexadecimal digits.
    public static func random() -> WorkerID {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let padding = String(repeating: "0", count: 16 - digits.count)
        return WorkerID(rawValue: "w-" + padding + digits)
    }
}

// Names that often have the number of something in them: "order-\(number)".

extension ConcurrencyKey: ExpressibleByStringInterpolation {}
extension EventName: ExpressibleByStringInterpolation {}
extension SemaphoreName: ExpressibleByStringInterpolation {}

extension String {
    /// The same characters in one spelling: Swift takes "é" as one scalar and as two for equal, and
    /// a database doesn't.
    package var canonical: String {
        utf8.allSatisfy { $0 < 0x80 } ? self : precomposedStringWithCanonicalMapping
    }
}
