internal import SkepCore

/// What a command's reports of tests say: JUnit files that it wrote, or TAP that it printed.
struct TestReports: Sendable {
    private let patterns: [PathPattern]
    private let root: String
    /// What was there before the command: a report of somebody else.
    private let old: [String: OpenFolder.Fingerprint]

    private static let maxFiles = 500
    private static let maxBytes = 16 << 20

    /// Looks at what is there before a command.
    static func before(_ patterns: [String], in workspace: Workspace) async -> TestReports {
        let patterns = patterns.compactMap { PathPattern($0) }
        guard !patterns.isEmpty else {
            return TestReports(patterns: [], root: workspace.path, old: [:])
        }
        return await offPool {
            TestReports(
                patterns: patterns, root: workspace.path, old: files(patterns, in: workspace.path))
        }
    }

    private static func files(_ patterns: [PathPattern], in path: String) -> [String:
        OpenFolder.Fingerprint]
    {
        guard let root = OpenFolder(path) else { return [:] }
        return patterns.reduce(into: [:]) { found, pattern in
            found.merge(pattern.files(in: root)) { first, _ in first }
        }
    }

    /// Counts the tests that a command ran; `nil` when it left no report.
    func counts(after result: CommandResult) async -> (counts: TestCounts?, notes: [String]) {
        if !patterns.isEmpty {
            let found = await offPool { read() }
            if found.counts != nil || !found.notes.isEmpty { return found }
        }
        return (TAPReport.counts(in: result.tail), [])
    }

    private func read() -> (counts: TestCounts?, notes: [String]) {
        guard let folder = OpenFolder(root) else { return (nil, []) }
        let new = Self.files(patterns, in: root).filter { old[$0.key] != $0.value }.keys.sorted()
        var total: TestCounts?
        var notes: [String] = []
        if new.count > Self.maxFiles {
            notes.append("Of \(new.count) reports of tests, \(Self.maxFiles) were read.")
        }
        var left = Self.maxBytes
        for path in new.prefix(Self.maxFiles) {
            do {
                let names = path.split(separator: "/")
                guard let name = names.last, let parent = folder.folder(names.dropLast()) else {
                    continue
                }
                let bytes = try parent.read(String(name), atMost: left).unwrapped()
                left -= bytes.count
                let counts = try JUnitReport.counts(in: bytes)
                total = (total ?? TestCounts()) + counts
            } catch {
                if notes.count < 10 {
                    notes.append("The report of tests \(path) can't be used: \(error.message).")
                }
            }
        }
        return (total, notes)
    }
}

extension OpenFolder.Reading {
    fileprivate func unwrapped() throws(DocumentError) -> [UInt8] {
        switch self {
        case .bytes(let bytes): return bytes
        case .missing: throw DocumentError("it is gone")
        case .refused(let why): throw DocumentError(why)
        }
    }
}

extension TestCounts {
    static let maxNames = 20

    static func + (left: TestCounts, right: TestCounts) -> TestCounts {
        TestCounts(
            passed: left.passed + right.passed, failed: left.failed + right.failed,
            skipped: left.skipped + right.skipped,
            failedNames: Array((left.failedNames + right.failedNames).prefix(maxNames)))
    }

    mutating func addFailed(_ name: String) {
        failed += 1
        guard failedNames.count < Self.maxNames else { return }
        let plain = name.split(whereSeparator: \.isNewline).joined(separator: " ")
        failedNames.append(String(plain.prefix(200)))
    }
}
