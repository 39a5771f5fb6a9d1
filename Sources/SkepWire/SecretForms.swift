/// The forms in which a program may print a secret that it was given.
enum SecretForms {
    static func all(_ secret: [UInt8]) -> [[UInt8]] {
        let json = jsonEscaped(secret)
        var forms = [secret, json, jsonEscaped(json), asciiEscaped(secret)]
        for digits in [lowerDigits, upperDigits] {
            forms += [hex(secret, digits), percentEncoded(secret, digits)]
        }
        for alphabet in [base64, base64url] {
            forms += (0..<3).map { base64Encoded(secret, behind: $0, alphabet) }
        }
        return forms
    }

    private static let lowerDigits = Array("0123456789abcdef".utf8)
    private static let upperDigits = Array("0123456789ABCDEF".utf8)
    private static let letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let base64 = Array((letters + "+/").utf8)
    private static let base64url = Array((letters + "-_").utf8)
    private static let unreserved = Set((letters + "-._~").utf8)

    private static func hex(_ secret: [UInt8], _ digits: [UInt8]) -> [UInt8] {
        secret.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// RFC 3986: all but unreserved characters.
    private static func percentEncoded(_ secret: [UInt8], _ digits: [UInt8]) -> [UInt8] {
        secret.flatMap { unreserved.contains($0) ? [$0] : [UInt8(ascii: "%")] + hex([$0], digits) }
    }

    /// RFC 8259, as little as must be.
    private static func jsonEscaped(_ secret: [UInt8]) -> [UInt8] {
        secret.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [UInt8(ascii: "\\"), byte]
            case 0x08: return Array("\\b".utf8)
            case 0x09: return Array("\\t".utf8)
            case 0x0A: return Array("\\n".utf8)
            case 0x0C: return Array("\\f".utf8)
            case 0x0D: return Array("\\r".utf8)
            case 0..<0x20: return Array("\\u00".utf8) + hex([byte], lowerDigits)
            default: return [byte]
            }
        }
    }

    /// JSON in ASCII, as Python prints it.
    private static func asciiEscaped(_ secret: [UInt8]) -> [UInt8] {
        String(decoding: secret, as: UTF8.self).utf16.flatMap { unit -> [UInt8] in
            guard unit >= 0x80 else { return jsonEscaped([UInt8(unit)]) }
            return Array("\\u".utf8) + hex([UInt8(unit >> 8), UInt8(unit & 0xFF)], lowerDigits)
        }
    }

    /// What doesn't depend on the neighbours when so many bytes of a group of three stand in front.
    private static func base64Encoded(
        _ secret: [UInt8], behind before: Int, _ alphabet: [UInt8]
    ) -> [UInt8] {
        let bytes = [UInt8](repeating: 0, count: before) + secret + [0]
        let first = (8 * before + 5) / 6
        let end = 8 * (before + secret.count) / 6
        return (first..<end).map { index in
            let bit = 6 * index
            let pair = UInt16(bytes[bit / 8]) << 8 | UInt16(bytes[bit / 8 + 1])
            return alphabet[Int(pair >> (10 - UInt16(bit % 8))) & 63]
        }
    }
}
