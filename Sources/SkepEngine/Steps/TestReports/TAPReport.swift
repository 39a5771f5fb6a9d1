internal import SkepCore

/// Reads the Test Anything Protocol from what a command printed (https://testanything.org).
///
/// Subtests, which are indented, are counted by the line of their parent only.
enum TAPReport {
    /// - Returns: `nil` when it isn't TAP, or its beginning was cut off: half a count is none.
    static func counts(in output: String) -> TestCounts? {
        var counts = TestCounts()
        var isMarked = false
        var planned: Int?
        var seen = 0
        for bytes in output.utf8.split(separator: UInt8(ascii: "\n")) {
            let line = Line(bytes)
            if line.text.hasPrefix("TAP version ") {
                isMarked = true
            } else if let count = line.plan {
                // Another plan belongs to another run of tests.
                planned = (planned ?? 0) + count
            } else if let point = line.point {
                seen += 1
                switch point {
                case .passed: counts.passed += 1
                case .skipped: counts.skipped += 1
                case .failed(let name): counts.addFailed(name.isEmpty ? "test \(seen)" : name)
                }
            } else if line.text.hasPrefix("Bail out!") {
                counts.addFailed(String(line.text))
                planned = nil
                isMarked = true
            }
        }
        guard isMarked || planned != nil, seen > 0 || planned == 0 else { return nil }
        if let planned {
            guard seen >= planned || isMarked else { return nil }
            // Planned and never run.
            for number in seen..<max(seen, planned) { counts.addFailed("test \(number + 1)") }
        }
        return counts
    }

    private enum Point {
        case passed
        case failed(String)
        /// Also one that is still to be done, whether it passed or not.
        case skipped
    }

    private struct Line {
        let text: Substring

        init(_ bytes: Substring.UTF8View) {
            var text = Substring(bytes)
            while text.last == "\r" { text.removeLast() }
            self.text = text
        }

        /// "1..12"; "1..0" with a reason says that all was left out.
        var plan: Int? {
            guard text.hasPrefix("1..") else { return nil }
            let digits = text.dropFirst(3).prefix { ("0"..."9").contains($0) }
            let rest = text.dropFirst(3 + digits.count).drop { $0 == " " }
            guard rest.isEmpty || rest.first == "#", let count = Int(digits), count <= 1_000_000
            else { return nil }
            return count
        }

        /// "ok 1 - name", "not ok 2 name # SKIP no network".
        var point: Point? {
            var rest = text
            let hasFailed = rest.hasPrefix("not ok")
            if hasFailed { rest = rest.dropFirst(4) }
            guard rest.hasPrefix("ok"), [nil, " ", "#"].contains(rest.dropFirst(2).first) else {
                return nil
            }
            rest = rest.dropFirst(2).drop { $0 == " " }
            rest = rest.drop { ("0"..."9").contains($0) }.drop { $0 == " " }
            if rest.first == "-" { rest = rest.dropFirst().drop { $0 == " " } }
            if let mark = rest.lastIndex(of: "#") {
                let directive = rest[rest.index(after: mark)...].drop { $0 == " " }.lowercased()
                if directive.hasPrefix("skip") || directive.hasPrefix("todo") { return .skipped }
            }
            return hasFailed ? .failed(String(rest)) : .passed
        }
    }
}
