import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What Codex keeps of a thread, a file of JSON lines in its home:
/// `.codex/sessions/2026/11/23/rollout-2026-11-23T01-14-29-THREAD.jsonl`.
///
/// Each answer of the model adds a `token_count` with the sum of the thread so far. It is the agent's
/// own file: read with care, and never waited for.
enum CodexRollout {
    /// What a thread has used so far; `nil` when that can't be found.
    static func usage(of thread: String, home: String) -> JSONValue? {
        guard let path = file(of: thread, home: home) else { return nil }
        var total: JSONValue?
        readBackwards(path) { line in
            guard line.contains("\"token_count\""), let value = JSONValue(decoding: line),
                value["payload"]["type"].text == "token_count"
            else { return false }
            total = value["payload"]["info"]["total_token_usage"]
            return total != nil
        }
        return total
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

    /// Hands out the last 64 MiB line by line, the last one first, until `take` says that it has
    /// enough. A line longer than that isn't among them.
    private static func readBackwards(_ path: String, _ take: (String) -> Bool) {
        // It might be a pipe, or a link to what is none of its business.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        let piece = 256 << 10
        var end = Int(status.st_size)
        let begin = max(0, end - 64 << 20)
        var rest: [UInt8] = []
        while end > begin {
            let start = max(begin, end - piece)
            var bytes = [UInt8](repeating: 0, count: end - start)
            let count = pread(descriptor, &bytes, bytes.count, off_t(start))
            guard count == bytes.count else { return }
            var lines = (bytes + rest).split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            rest = Array(lines.removeFirst())
            for line in lines.reversed() where take(String(decoding: line, as: UTF8.self)) {
                return
            }
            end = start
        }
        if begin == 0 { _ = take(String(decoding: rest, as: UTF8.self)) }
    }
}
