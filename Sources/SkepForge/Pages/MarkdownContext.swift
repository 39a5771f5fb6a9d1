import Foundation

extension Markdown {
    /// Where a text stands, for what it names without saying where that is.
    struct Context: Sendable, Equatable {
        /// The repository's address: "#12" is an issue of it.
        let repository: String
        /// The address of the files' root.
        let root: String
        /// The folder that the text's links start from, below the root.
        var folder = ""

        /// The address of a file that a link without a host names; `nil` for one that leads out
        /// of the files, or anywhere else.
        func address(of target: String) -> String? {
            let isPlain = target.utf8.allSatisfy {
                $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\")
            }
            guard isPlain, !target.isEmpty, target.utf8.count <= 2000 else { return nil }
            let halves = target.split(
                separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let place = halves[0].prefix { $0 != "?" }
            let first = place.prefix { $0 != "/" }
            guard !place.hasPrefix("//"), !first.contains(":") else { return nil }
            var steps = place.hasPrefix("/") ? [] : folder.split(separator: "/").map(String.init)
            for part in place.split(separator: "/") {
                guard let step = PercentCoding.decode(part), !step.contains("/") else { return nil }
                switch step {
                case ".": continue
                case "..":
                    guard steps.popLast() != nil else { return nil }
                default: steps.append(step)
                }
            }
            let fragment = halves.count > 1 ? "#" + PercentCoding.encode(String(halves[1])) : ""
            // Only an anchor: a place in the text itself.
            guard !place.isEmpty else { return fragment }
            return root + steps.map { "/" + PercentCoding.encode($0) }.joined() + fragment
        }
    }

    /// Whether an address leads to http or https, and nowhere else.
    static func isSafe(_ target: String) -> Bool {
        let lower = target.prefix(8).lowercased()
        guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else { return false }
        return target.utf8.count > "https://".utf8.count && target.utf8.count <= 2000
            && target.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}
