import Foundation

/// The coding of paths and queries in addresses.
enum PercentCoding {
    /// Decodes "%2F" and the like; `nil` when it isn't UTF-8 or badly coded.
    static func decode(_ text: Substring) -> String? {
        text.contains("%") ? String(text).removingPercentEncoding : String(text)
    }

    /// Leaves only what is plain everywhere in an address.
    static func encode(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "~":
                output.unicodeScalars.append(scalar)
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                output += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return output
    }

    /// A path's segments; slashes that are coded stay inside a segment.
    static func segments(_ path: Substring) -> [String]? {
        var segments: [String] = []
        for part in path.split(separator: "/") {
            guard let segment = decode(part), !segment.contains("\0") else { return nil }
            segments.append(segment)
        }
        return segments
    }

    /// A query's parts; a name without "=" has an empty value.
    static func query(_ text: Substring) -> [(name: String, value: String)] {
        text.split(separator: "&").compactMap { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = pair.count > 1 ? pair[1] : ""
            guard let name = decode(pair[0]),
                let decoded = decode(Substring(value.replacing("+", with: " ")))
            else { return nil }
            return (name, decoded)
        }
    }
}

/// Times as the API writes them.
enum RFC3339 {
    /// Whole seconds in milliseconds; fractions of a second are cut off.
    static func milliseconds(_ text: String) -> Int64? {
        // A "+" that wasn't coded in a query has become a blank.
        let text = text.replacing(" ", with: "+")
        let plain = Date.ISO8601FormatStyle()
        let date =
            (try? plain.parse(text))
            ?? (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
        return date.map { Int64($0.timeIntervalSince1970.rounded(.down)) * 1000 }
    }
}
