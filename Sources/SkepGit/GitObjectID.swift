import CGit2

/// The name of an object: 40 lower-case hexadecimal digits.
public struct GitObjectID: Hashable, Sendable, CustomStringConvertible {
    public let hex: String

    /// `nil` unless it is 40 hexadecimal digits.
    public init?(_ text: String) {
        let lower = text.lowercased()
        let isHex = lower.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard lower.utf8.count == 40, isHex else { return nil }
        hex = lower
    }

    init(_ id: git_oid) {
        var id = id
        hex = withUnsafeBytes(of: &id.id) { bytes in
            let digits = Array("0123456789abcdef".utf8)
            return String(
                decoding: bytes.prefix(20).flatMap {
                    [digits[Int($0 >> 4)], digits[Int($0 & 15)]]
                },
                as: UTF8.self)
        }
    }

    var raw: git_oid {
        var id = git_oid()
        // Can't fail: `hex` is 40 digits.
        git_oid_fromstr(&id, hex)
        return id
    }

    public var description: String { hex }
    /// The first ten digits, for people.
    public var short: String { String(hex.prefix(10)) }
}
