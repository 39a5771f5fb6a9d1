internal import SkepCore

/// Counts the test cases of a JUnit file, in the dialects that build tools write.
///
/// Their own totals aren't believed: the cases are counted.
enum JUnitReport {
    static func counts(in bytes: [UInt8]) throws(DocumentError) -> TestCounts {
        var counts = TestCounts()
        var test: Case?
        var depth = 0
        var hasSuite = false
        var scanner = XMLScanner(bytes)
        while let event = try scanner.next() {
            switch event {
            case .open(let name, let attributes):
                depth += 1
                switch name {
                case "testsuite", "testsuites": hasSuite = true
                case "testcase":
                    guard test == nil else { throw DocumentError("a testcase stands in another") }
                    test = Case(attributes, depth)
                case "failure", "error": test?.note(.failed, at: depth)
                case "skipped": test?.note(.skipped, at: depth)
                default: break
                }
            case .close:
                if let ended = test, ended.depth == depth {
                    ended.count(into: &counts)
                    test = nil
                }
                depth -= 1
            }
        }
        guard hasSuite else { throw DocumentError("it has no testsuite") }
        return counts
    }

    private struct Case {
        enum Result { case passed, failed, skipped }

        let name: String
        let depth: Int
        var result = Result.passed

        init(_ attributes: [String: String], _ depth: Int) {
            let parts = [attributes["classname"], attributes["name"]].compactMap { $0 }
            name = parts.filter { !$0.isEmpty }.joined(separator: ".")
            self.depth = depth
            // Some write it so: https://llg.cubic.org/docs/junit/
            switch attributes["status"] {
            case "skipped", "notrun", "disabled": result = .skipped
            default: break
            }
        }

        /// Only what stands directly in the case; a rerun that failed isn't a failure.
        mutating func note(_ new: Result, at depth: Int) {
            guard depth == self.depth + 1, result != .failed else { return }
            result = new
        }

        func count(into counts: inout TestCounts) {
            switch result {
            case .passed: counts.passed += 1
            case .failed: counts.addFailed(name.isEmpty ? "a test without a name" : name)
            case .skipped: counts.skipped += 1
            }
        }
    }
}
