/// A path below a folder with "*" for anything within a name and "**" for any folders.
struct PathPattern: Sendable, Hashable {
    let text: String
    private let names: [String]

    /// `nil` when it could lead out of the folder, or is empty.
    init?(_ text: String) {
        let names = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !text.isEmpty, !names.contains(".."), !names.contains("") else { return nil }
        self.text = text
        self.names = names.filter { $0 != "." }
    }

    /// The files it is for, with what they are now. Looks at no more than 20,000 entries, and never
    /// into ".git".
    func files(in root: OpenFolder) -> [String: OpenFolder.Fingerprint] {
        var search = Search()
        search.collect(root, names[...], "", 0)
        return search.found
    }

    private struct Search {
        var found: [String: OpenFolder.Fingerprint] = [:]
        var left = 20_000

        mutating func collect(
            _ folder: OpenFolder, _ names: ArraySlice<String>, _ prefix: String, _ depth: Int
        ) {
            guard let name = names.first, depth < 40 else { return }
            let rest = names.dropFirst()
            if name == "**" {
                collect(folder, rest, prefix, depth + 1)
                for child in entries(folder) where child != ".git" {
                    guard case .folder? = folder.entry(child), let inner = folder.folder(child)
                    else { continue }
                    collect(inner, names, prefix + child + "/", depth + 1)
                }
                return
            }
            let isPlain = !name.contains("*")
            for child in isPlain ? [name] : entries(folder)
            where isPlain || Self.matches(Array(child.utf8)[...], Array(name.utf8)[...]) {
                switch folder.entry(child) {
                case .file(let fingerprint) where rest.isEmpty:
                    found[prefix + child] = fingerprint
                case .folder where !rest.isEmpty:
                    guard child != ".git", let inner = folder.folder(child) else { continue }
                    collect(inner, rest, prefix + child + "/", depth + 1)
                default: break
                }
            }
        }

        private mutating func entries(_ folder: OpenFolder) -> [String] {
            guard left > 0 else { return [] }
            let names = folder.names(atMost: left)
            left -= names.count
            return names
        }

        /// Goes back to the last "*" only, so that it can't take for ever.
        private static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool
        {
            var (text, pattern) = (text, pattern)
            var retry: (text: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
            while let byte = text.first {
                if pattern.first == UInt8(ascii: "*") {
                    pattern = pattern.dropFirst()
                    retry = (text.dropFirst(), pattern)
                } else if pattern.first == byte {
                    text = text.dropFirst()
                    pattern = pattern.dropFirst()
                } else if let back = retry {
                    (text, pattern) = back
                    retry = (back.text.dropFirst(), back.pattern)
                } else {
                    return false
                }
            }
            return pattern.allSatisfy { $0 == UInt8(ascii: "*") }
        }
    }
}
