import SkepCore
import SkepQueue
import SkepWire

/// Leads a session to its end: reads its log, does what the dialogue wishes, and keeps watch.
///
/// Everything it knows it has from the log, so a leader can be dropped at any moment and another one,
/// of another process, goes on. Should two lead at once, each `say` is taken from one of them only.
actor SessionLeader {
    /// What came of it.
    struct Outcome: Sendable {
        var digest: SessionDigest
        /// Why the leader ended it though it could have gone on.
        var intervention: AgentFailure?
        /// Whether it had done what it was to do, and was stopped since it doesn't end by itself.
        var wasThrough = false
    }

    private let host: SessionHost
    private let place: SessionWorkplace
    private let watch: @Sendable (SessionEvent) async -> Intervention?
    private var reader: EventReader
    private var stall: StallWatch
    private var digest = SessionDigest()
    private var intervention: AgentFailure?
    private var isEnding = false
    private var inputHasEnded = false
    /// What the host had taken for the agent's input when it answered last.
    private var offset: Int64?
    private enum Errand {
        case underWay
        /// With the line to say.
        case done([UInt8])
    }
    private var errands: [String: Errand] = [:]
    private let bell: AsyncStream<Void>.Continuation
    private let bells: AsyncStream<Void>

    init(
        _ host: SessionHost, _ dialogue: any Dialogue, limits: SessionLimits, startedAt: Moment,
        place: SessionWorkplace, watch: @escaping @Sendable (SessionEvent) async -> Intervention?
    ) {
        self.host = host
        self.place = place
        self.watch = watch
        reader = EventReader(host, dialogue)
        stall = StallWatch(
            limits, hasProtocol: dialogue.framing != .bytes, startedAt: startedAt)
        (bells, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// - Throws: `CancellationError`; the session goes on then. `AgentsError` when its files can't be
    ///   read.
    func lead() async throws -> Outcome {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { [host, bell] in
                // Each time anew: a host that starts or ends may refuse for a moment.
                while !Task.isCancelled {
                    for await _ in host.growth() { bell.yield() }
                    bell.yield()
                    try await Task.sleep(for: SessionHost.pollInterval)
                }
            }
            group.addTask { [bell] in
                while true {
                    try await Task.sleep(for: .seconds(1))
                    bell.yield()
                }
            }
            offset = await host.ask(.status)?.inputBytes
            bell.yield()
            for await _ in bells {
                try Task.checkCancellation()
                if try await goOn(&group) {
                    return Outcome(
                        digest: digest, intervention: intervention,
                        wasThrough: reader.dialogue.wishes.contains { $0.isStop })
                }
            }
            throw CancellationError()
        }
    }

    /// Reads on and does what is wished, until there is nothing to do. True: the session is over.
    private func goOn(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws -> Bool {
        while true {
            if try await readOn() { return true }
            if !isEnding, let failure = stall.failure(at: .now) { intervention = failure }
            if intervention != nil || reader.dialogue.wishes.contains(where: \.isStop) {
                end(&group)
                return false
            }
            guard try await fulfil(&group) else { return false }
        }
    }

    private func readOn() async throws -> Bool {
        while true {
            switch try reader.read() {
            case .quiet: return false
            case .over: return true
            case .entries(let entries):
                for (entry, events) in entries {
                    stall.take(entry)
                    if case .inputEnded = entry.kind { inputHasEnded = true }
                    for event in events { await take(event, at: entry.at) }
                }
                try Task.checkCancellation()
            }
        }
    }

    private func take(_ event: SessionEvent.Kind, at moment: Moment) async {
        digest.take(event)
        stall.take(event)
        let wanted = await watch(SessionEvent(at: Timestamp(moment), kind: event))
        if intervention == nil { intervention = wanted?.failure }
    }

    /// Does the first wish that can be done. False: there is none, or the host doesn't answer now.
    private func fulfil(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws -> Bool {
        let wishes = reader.dialogue.wishes
        for wish in wishes {
            guard case .perform(let key, let errand) = wish, errands[key] == nil else { continue }
            errands[key] = .underWay
            group.addTask { [place] in
                let line = await errand(place)
                await self.finished(key, line)
            }
        }
        guard !inputHasEnded else { return false }
        for wish in wishes {
            switch wish {
            case .say(let line): return await say(line)
            case .endInput: return await say([], closes: true)
            case .perform(let key, _):
                guard case .done(let line) = errands[key] else { continue }
                let isTaken = await say(line)
                if isTaken { errands[key] = nil }
                return isTaken
            case .stop: continue
            }
        }
        return false
    }

    private func finished(_ key: String, _ line: [UInt8]) {
        errands[key] = .done(line)
        bell.yield()
    }

    /// True also when somebody else spoke first: then the log says more than it did.
    private func say(_ bytes: [UInt8], closes: Bool = false) async -> Bool {
        let before = offset
        guard
            let reply = await host.say(offset: before ?? 0, bytes: bytes, closes: closes)
        else { return false }
        offset = reply.inputBytes
        return reply.isAccepted || reply.inputBytes != before
    }

    private func end(_ group: inout ThrowingTaskGroup<Void, any Error>) {
        guard !isEnding else { return }
        isEnding = true
        group.addTask { [host, place] in try await host.end(grace: place.house.grace) }
    }
}

extension Wish {
    var isStop: Bool {
        if case .stop = self { return true }
        return false
    }
}
