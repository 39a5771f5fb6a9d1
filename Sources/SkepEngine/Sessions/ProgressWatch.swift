internal import SkepCore

/// Notices an agent that goes round in circles: so many turns in a row with no tool call that it
/// hadn't made before, and no state of the working tree that wasn't there before. Or one that is given
/// leave again and again, and does nothing with it.
///
/// A turn is a message, or the tool calls that it makes at once. Before a tool call is told there are
/// none that count: not every agent tells what its tools do.
struct ProgressWatch {
    /// As often it may be given leave without a call between; it may make many calls at once.
    static let mostLeave = 50

    private let limit: Int
    private var seenCalls: Set<Call> = []
    private var seenTrees: Set<Int> = []
    private var running: Set<String> = []
    private var known: Set<String> = []
    private var message: String?
    private var turn = Turn()
    /// Since a call began or ended.
    private var timesAllowed = 0
    private var treesAtLeave: Set<Int> = []
    private(set) var idleTurns = 0

    private struct Call: Hashable {
        let title: String
        let input: String
    }

    private struct Turn {
        var hasSpoken = false
        var hasActed = false
        var isNews = false
        var isEmpty: Bool { !hasSpoken && !hasActed }
    }

    /// - Parameter limit: At least 1.
    init(limit: Int) {
        self.limit = limit
    }

    /// - Parameters:
    ///   - isOld: Whether nobody can tell any more what the working tree was then: such turns count as
    ///     progress.
    ///   - tree: Tells the state of the working tree; asked at most once a turn, and only when the turn
    ///     had nothing else that is new.
    mutating func take(
        _ event: SessionEvent.Kind, isOld: Bool = false, tree: () async -> Int
    ) async -> AgentFailure? {
        if isOld { turn.isNews = true }
        switch event {
        case .message(let piece) where piece.id != message:
            message = piece.id
            if turn.hasActed || turn.hasSpoken { await end(tree) }
            turn.hasSpoken = true
        case .tool(let call):
            let isNew = known.insert(call.id).inserted
            if isNew {
                if turn.hasActed, running.isEmpty { await end(tree) }
                turn.hasActed = true
            }
            let hasEnded = call.status != .running && running.remove(call.id) != nil
            if call.status == .running { running.insert(call.id) }
            if isNew || hasEnded { timesAllowed = 0 }
            if seenCalls.insert(Call(title: call.title, input: call.input)).inserted {
                turn.isNews = true
            }
        case .permission(let decision) where decision.answer == .allowed:
            timesAllowed += 1
            guard timesAllowed > Self.mostLeave else { return nil }
            timesAllowed = 0
            if isOld { return nil }
            // The first look has nothing to compare with.
            if treesAtLeave.insert(await tree()).inserted { return nil }
            return Self.failure(
                "leave",
                "it was given leave more than \(Self.mostLeave) times, at last for"
                    + " \"\(decision.subject)\", without a tool call or a change of the working tree"
            )
        case .told:
            // Somebody wants something else of it now.
            idleTurns = 0
        case .turnEnded: await end(tree)
        default: return nil
        }
        guard idleTurns >= limit else { return nil }
        return Self.failure(
            "idle-turns",
            "\(idleTurns) turns without a new tool call or a change of the working tree")
    }

    private static func failure(_ rule: String, _ text: String) -> AgentFailure {
        AgentFailure(
            type: .noProgress, message: text,
            evidence: [FailureEvidence(rule: "progress/\(rule)@1", source: "events", text: text)])
    }

    private mutating func end(_ tree: () async -> Int) async {
        guard !turn.isEmpty else { return }
        let isNews = turn.isNews || known.isEmpty
        turn = Turn()
        if isNews {
            idleTurns = 0
        } else if seenTrees.insert(await tree()).inserted {
            idleTurns = seenTrees.count == 1 ? 1 : 0
        } else {
            idleTurns += 1
        }
    }
}

/// Tells states of a working tree apart, by the contents of the files that changed since it was
/// looked at first. Ignores what can't be read, and looks at no more than 20,000 files.
struct TreeState {
    private let path: String
    private var first: [String: OpenFolder.Fingerprint]?
    private var hashes: [String: (file: OpenFolder.Fingerprint, hash: Int)] = [:]

    init(_ path: String) {
        self.path = path
    }

    /// A value for this process only: the same for the same contents.
    mutating func current() -> Int {
        // A pattern that is right can't fail to be read.
        guard let root = OpenFolder(path), let all = PathPattern("**/*") else { return 0 }
        let files = all.files(in: root)
        guard let first else {
            self.first = files
            return 0
        }
        var hasher = Hasher()
        for name in Set(files.keys).union(first.keys).sorted() where files[name] != first[name] {
            hasher.combine(name)
            hasher.combine(files[name].map { hash(of: name, $0, in: root) })
        }
        return hasher.finalize()
    }

    private mutating func hash(of name: String, _ file: OpenFolder.Fingerprint, in root: OpenFolder)
        -> Int
    {
        if let known = hashes[name], known.file == file { return known.hash }
        var hasher = Hasher()
        let names = name.split(separator: "/")
        if let last = names.last, let folder = root.folder(names.dropLast()),
            case .bytes(let bytes) = folder.read(String(last), atMost: 1 << 20)
        {
            hasher.combine(bytes)
        } else {
            hasher.combine(file)
        }
        let hash = hasher.finalize()
        hashes[name] = (file, hash)
        return hash
    }
}
