import Foundation
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What Codex keeps of a thread, a file of JSON lines in its home:
/// `.codex/sessions/2026/11/23/rollout-2026-11-23T01-14-29-THREAD.jsonl`.
///
/// Each answer of the model adds a `token_count` with its time and the sum of the thread so far, which
/// its events don't tell before a turn has ended. It only grows, so what it says of a moment stays so,
/// as long as its home is there. It is the agent's own file: read with care, and never waited for.
struct CodexRollout: Sendable {
    private let thread: String
    private let home: String
    private var path: String?
    /// As far as it was read, in whole lines.
    private var offset: Int64 = 0
    /// What was read last, and is of a later moment than was asked for.
    private var ahead: (wallMS: Int64, total: JSONValue)?
    private var total: JSONValue?

    /// Of a longer file the end is read.
    private static let most: Int64 = 64 << 20
    /// No figures stand in longer lines.
    private static let longestLine = 8 << 10

    init(of thread: String, home: String) {
        self.thread = thread
        self.home = home
    }

    /// What the thread had used at a moment, which is no earlier one than that asked for before;
    /// `nil` when that can't be found.
    mutating func usage(at moment: Int64) -> JSONValue? {
        if let ahead {
            guard ahead.wallMS <= moment else { return total }
            total = ahead.total
            self.ahead = nil
        }
        readOn(until: moment)
        return total
    }

    private mutating func readOn(until moment: Int64) {
        path = path ?? Self.file(of: thread, home: home)
        // It might be a pipe, or a link to what is none of its business.
        guard let path else { return }
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        offset = max(offset, Int64(status.st_size) - Self.most)
        var rest: ArraySlice<UInt8> = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = rest[..<end]
                rest = rest[(end + 1)...]
                offset += Int64(line.count) + 1
                guard let count = Self.count(line) else { continue }
                guard count.wallMS <= moment else {
                    ahead = count
                    return
                }
                total = count.total
            }
            if rest.count > Self.longestLine {
                offset += Int64(rest.count)
                rest = []
            }
            let count = pread(descriptor, &piece, piece.count, off_t(offset) + off_t(rest.count))
            guard count > 0 else { return }
            rest += piece[..<count]
        }
    }

    private static func count(_ line: ArraySlice<UInt8>) -> (wallMS: Int64, total: JSONValue)? {
        guard line.count <= longestLine,
            String(decoding: line, as: UTF8.self).contains("\"token_count\""),
            let value = JSONValue(decoding: Array(line)),
            value["payload"]["type"].text == "token_count",
            let total = value["payload"]["info"]["total_token_usage"],
            let time = value["timestamp"].text.flatMap(moment)
        else { return nil }
        return (time, total)
    }

    private static func moment(_ text: String) -> Int64? {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = try? Date(text, strategy: style) else { return nil }
        return Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    private static func file(of thread: String, home: String) -> String? {
        let root = home + "/.codex/sessions"
        for year in numbers(in: root) {
            for month in numbers(in: "\(root)/\(year)") {
                for day in numbers(in: "\(root)/\(year)/\(month)") {
                    let folder = "\(root)/\(year)/\(month)/\(day)"
                    let name = FileStatus.names(in: folder).first {
                        $0.hasPrefix("rollout-") && $0.hasSuffix("-\(thread).jsonl")
                    }
                    if let name { return folder + "/" + name }
                }
            }
        }
        return nil
    }

    /// The newest first.
    private static func numbers(in folder: String) -> [String] {
        FileStatus.names(in: folder).filter { $0.allSatisfy(\.isNumber) }.sorted(by: >)
    }
}
