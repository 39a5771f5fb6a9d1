/// The forms in which a program may print a secret that it was given.
enum SecretForms {
    struct Form: Hashable {
        var bytes: [UInt8]
        /// Whether lines of it may be broken anywhere: `base64` does so at 76, PEM at 64, `xxd -p` at 60.
        var mayBreak = false
    }

    static func all(_ secret: [UInt8]) -> Set<Form> {
        Set(pieces(of: secret).flatMap(forms))
    }

    /// The secret, the same without white space around it, and the lines of one that has several:
    /// a program may print a key line by line, with something in front of each.
    private static func pieces(of secret: [UInt8]) -> Set<[UInt8]> {
        let lines = secret.split { $0 == 0x0A || $0 == 0x0D }.map { trimmed($0) }
        let long = lines.filter { $0.count >= 16 && !$0.starts(with: "-----".utf8) }
        let bare = trimmed(secret[...])
        // White space at the front would hold back the end of every line.
        let whole = bare.count >= SecretPatterns.shortest ? bare : secret
        return Set([whole]).union(lines.count > 1 ? long : [])
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        var bytes = bytes.drop(while: isSpace)
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return Array(bytes)
    }

    private static func forms(_ secret: [UInt8]) -> [Form] {
        let json = jsonEscaped(secret)
        var whole = [secret, json, jsonEscaped(json), asciiEscaped(secret)]
        var encoded: [[UInt8]] = []
        for digits in [lowerDigits, upperDigits] {
            whole.append(percentEncoded(secret, digits))
            encoded.append(hex(secret, digits))
        }
        for alphabet in [base64, base64url] {
            encoded += (0..<3).map { base64Encoded(secret, behind: $0, alphabet) }
        }
        return whole.map { Form(bytes: $0) } + encoded.map { Form(bytes: $0, mayBreak: true) }
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
