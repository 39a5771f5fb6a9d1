import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Whom this process has started, directly or through others.
enum Descendants {
    /// Those that aren't zombies, as they are right now; whoever forks meanwhile may be missing.
    static func alive() -> [ProcessTable.Entry] {
        let all = ProcessTable.all()
        let children = Dictionary(grouping: all, by: \.parent)
        var found: [ProcessTable.Entry] = []
        var parents = [getpid()]
        while let parent = parents.popLast() {
            for child in children[parent] ?? [] {
                parents.append(child.pid)
                if !child.isZombie { found.append(child) }
            }
        }
        return found
    }

    #if os(Linux)
        /// The same for a look once a second: it costs what they are, not what the machine has.
        static func counted() -> [ProcessTable.Entry] {
            var found: [ProcessTable.Entry] = []
            var parents = [getpid()]
            while let parent = parents.popLast() {
                guard let children = ProcessTable.children(of: parent) else { return alive() }
                for child in children {
                    parents.append(child)
                    if let entry = ProcessTable.entry(of: child) { found.append(entry) }
                }
            }
            return found
        }
    #else
        static func counted() -> [ProcessTable.Entry] { alive() }
    #endif
}
