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
        /// Why it was ended though it could have gone on, or would have been, had it not been over.
        var intervention: AgentFailure?
        /// Whether it had done what it was to do, and was stopped since it doesn't end by itself.
        var wasThrough = false
        /// Whether its protocol tells the ends of turns, and the last one's wasn't told.
        var isInTurn = false
        /// What its log shows of its output, in bytes.
        var printed: Int64 = 0
    }

    private let host: SessionHost
    private let place: SessionWorkplace
    private let watch: @Sendable (SessionEvent) async -> Intervention?
    private let tick: @Sendable (_ printed: Int64) async -> Intervention?
    private let now: @Sendable () -> Moment
    private var ticksAgainAt = ContinuousClock.now
    private var reader: EventReader
    private var isReading = false
    private var stall: StallWatch
    /// When it is to break off, by uptime, so that the host needn't end it at its time limit.
    private let timeIsUpMS: Int64
    private var digest = SessionDigest()
    private var intervention: AgentFailure?
    /// What the watch wants it ended for, until that is done.
    private var wanted: AgentFailure?
    private var isEnding = false
    /// Why it couldn't be ended; some of its processes live on.
    private var refusal: AgentsError?
    private var inputHasEnded = false
    /// What the host had taken for the agent's input when it answered last.
    private var offset: Int64?
    /// The messages that the log has shown.
    private var mailCount: Int64 = 0
    private var errands = ErrandBook()
    private let bell: AsyncStream<Void>.Continuation
    private let bells: AsyncStream<Void>

    /// For an agent that is asked to break off what it is at: a part of the grace that it has.
    private static func patience(of house: AgentHouse) -> Duration { house.grace / 5 }

    init(
        _ host: SessionHost, _ dialogue: any Dialogue, limits: SessionLimits, startedAt: Moment,
        place: SessionWorkplace, watch: @escaping @Sendable (SessionEvent) async -> Intervention?,
        tick: @escaping @Sendable (_ printed: Int64) async -> Intervention? = { _ in nil },
        now: @escaping @Sendable () -> Moment = { .now }
    ) {
        self.host = host
        self.place = place
        self.watch = watch
        self.tick = tick
        self.now = now
        reader = EventReader(host, dialogue)
        stall = StallWatch(
            limits, hasProtocol: dialogue.framing != .bytes, startedAt: startedAt)
        let length = limits.time - min(Self.patience(of: place.house), limits.time / 10)
        timeIsUpMS = startedAt.uptimeMS + Int64(length / .milliseconds(1))
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
                    return outcome
                }
            }
            throw CancellationError()
        }
    }

    /// Ends the session, softly: first in the agent's own words, if it is at work and knows any.
    ///
    /// May be called while it is being led: whoever leads it reads what it says to that. Not broken
    /// off by cancellation.
    func end() async throws(AgentsError) {
        // Waited for right here, as the host's ending is.
        let ended = await Task { () -> Result<Void, AgentsError> in
            do throws(AgentsError) { return .success(try await endUncancelled()) } catch {
                return .failure(error)
            }
        }.value
        try ended.get()
    }

    private func endUncancelled() async throws(AgentsError) {
        isEnding = true
        let grace = place.house.grace
        let begin = ContinuousClock.now
        try await breakOff(until: begin + Self.patience(of: place.house))
        try await host.end(grace: max(.zero, grace - (ContinuousClock.now - begin)))
    }

    /// Asks it to break off what it is at, and answers what it needs for that, until its turn is over.
    private func breakOff(until deadline: ContinuousClock.Instant) async throws(AgentsError) {
        var wasAsked = false
        while ContinuousClock.now < deadline, try host.state() == .alive {
            // Whoever leads it may be at that; what the log shows as said must be known to be so.
            if !isReading {
                _ = try await readOn()
                let cancel = reader.dialogue.cancel
                wasAsked = wasAsked || cancel != nil
                guard wasAsked, digest.turnEnd == nil, !inputHasEnded else { return }
                let line = cancel ?? reader.dialogue.wishes.lazy.compactMap(\.line).first
                if let line, Self.isLine(line), await say(line) { continue }
            }
            try? await Task.sleep(for: SessionHost.pollInterval)
        }
    }

    /// Whether it has done what it was to do, and doesn't end by itself.
    private var isThrough: Bool {
        intervention == nil
            && (reader.dialogue.wishes.contains(where: \.isStop)
                || (lingers && stall.failure(at: now()) != nil))
    }

    /// Whether it has done its work, and is there only for what it has left running: claude waits for
    /// its commands in the background, and may have more to do then. A server never ends.
    private var lingers: Bool { inputHasEnded && digest.turnEnd == .done }

    private var outcome: Outcome {
        let wasThrough = isThrough || (lingers && intervention == nil)
        return Outcome(
            digest: digest, intervention: wasThrough ? nil : intervention ?? wanted,
            wasThrough: wasThrough,
            isInTurn: isInTurn, printed: reader.printed)
    }

    private var isInTurn: Bool { reader.dialogue.tellsTurnEnds && digest.turnEnd == nil }

    /// Reads on and does what is wished, until there is nothing to do. True: the session is over.
    private func goOn(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws -> Bool {
        while true {
            if try await readOn() { return true }
            try Task.checkCancellation()
            if let refusal { throw refusal }
            if !isEnding, !isThrough, intervention == nil {
                // Whose output is closed can't tell any more what its turn comes to.
                let isMute = reader.outputHasEnded && isInTurn
                intervention = wanted ?? (isTimeUp ? .timeIsUp : isMute ? .isMute : nil)
            }
            // A question waits for days, its session doesn't.
            if isEnding || intervention != nil || digest.question != nil || isThrough {
                end(&group)
                return false
            }
            if try await fulfil(&group) { continue }
            // Judged last: it may have been silent since nobody was there to answer it.
            if errands.isAnyUnderWay { return false }
            intervention = stall.failure(at: now())
            if intervention == nil { return false }
        }
    }

    /// Whether it is to be asked to break off before the host ends it at its time limit.
    private var isTimeUp: Bool {
        now().uptimeMS >= timeIsUpMS && reader.dialogue.cancel != nil
    }

    /// True: the session is over.
    private func readOn() async throws(AgentsError) -> Bool {
        guard !isReading else { return false }
        isReading = true
        defer { isReading = false }
        while !Task.isCancelled {
            switch try reader.read() {
            case .quiet:
                // Only now: all that it said counts before the time it takes.
                await lookAtClock()
                return false
            case .over: return true
            case .entries(let entries):
                for (entry, events) in entries {
                    stall.take(entry)
                    switch entry.kind {
                    case .inputEnded: inputHasEnded = true
                    case .mail: mailCount += 1
                    default: break
                    }
                    for event in events { await take(event, at: entry.at) }
                }
            }
        }
        return false
    }

    private func take(_ event: SessionEvent.Kind, at moment: Moment) async {
        digest.take(event)
        stall.take(event)
        let wish = await watch(SessionEvent(at: Timestamp(moment), kind: event))
        wanted = wanted ?? wish?.failure
    }

    private func lookAtClock() async {
        let now = ContinuousClock.now
        guard !isEnding, now >= ticksAgainAt else { return }
        ticksAgainAt = now + .seconds(1)
        let wish = await tick(reader.printed)
        wanted = wanted ?? wish?.failure
    }

    /// Does the first wish that can be done. False: there is none, or the host doesn't take it now.
    private func fulfil(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws -> Bool {
        guard !inputHasEnded else { return false }
        let wishes = reader.dialogue.wishes
        for (key, errand) in errands.begin(wishes) {
            group.addTask { [place] in await self.finished(key, await errand(place)) }
        }
        for wish in wishes {
            switch wish {
            case .say(let line): return await say(line)
            case .endInput: return await say([], closes: true)
            case .perform(let key, _):
                if let line = errands.line(of: key) { return await say(line) }
            case .stop: continue
            }
        }
        return false
    }

    private func couldNotEnd(_ error: AgentsError) { refusal = error }

    private func finished(_ key: String, _ line: [UInt8]) {
        errands.finish(key, with: line)
        bell.yield()
    }

    /// True also when somebody else spoke first: then the log says more than it did.
    private func say(_ bytes: [UInt8], closes: Bool = false) async -> Bool {
        guard closes || Self.isLine(bytes) else {
            // It would never be seen in the log, and be said for ever.
            intervention = .unsayable(bytes.count)
            return true
        }
        let before = offset
        guard
            let reply = await host.say(
                offset: before ?? 0, bytes: bytes, closes: closes, mail: mailCount)
        else { return false }
        offset = reply.inputBytes
        return reply.isAccepted || reply.inputBytes != before
    }

    private static func isLine(_ bytes: [UInt8]) -> Bool {
        bytes.count <= ControlRequest.mostBytes
            && bytes.firstIndex(of: UInt8(ascii: "\n")) == bytes.count - 1
    }

    private func end(_ group: inout ThrowingTaskGroup<Void, any Error>) {
        guard !isEnding else { return }
        isEnding = true
        group.addTask { [bell] in
            do throws(AgentsError) {
                try await self.end()
            } catch {
                await self.couldNotEnd(error)
            }
            bell.yield()
        }
    }
}

extension AgentFailure {
    fileprivate static let timeIsUp = AgentFailure(
        type: .timedOut, message: "\(SessionResult.Ending.timedOut)",
        evidence: [FailureEvidence(rule: "skep/time", source: "log", text: "limits.minutes")])

    fileprivate static let isMute = AgentFailure(
        type: .protocolViolation,
        message: "it closed its output before its turn was over, and lived on",
        evidence: [FailureEvidence(rule: "skep/output", source: "log", text: "output: closed")])

    fileprivate static func unsayable(_ count: Int) -> AgentFailure {
        AgentFailure(
            type: .protocolViolation,
            message:
                "what is to be said to it (\(count) bytes) is not one line, or too long for one",
            evidence: [FailureEvidence(rule: "skep/line", source: "log", text: "\(count) bytes")])
    }
}

extension Wish {
    var isStop: Bool {
        if case .stop = self { return true }
        return false
    }

    /// What it says, if that is all it does.
    fileprivate var line: [UInt8]? {
        if case .say(let line) = self { return line }
        return nil
    }
}
