internal import Logging
internal import SkepCore
internal import SkepQueue
internal import Synchronization

extension Coordinator {
    /// - Parameter hinted: What a hint named, by repository.
    func pass(over chosen: [RepositoryName], _ hinted: [RepositoryName: RepositoryHints]) async
        -> CoordinatorPass
    {
        var pass = CoordinatorPass()
        await read(chosen, hinted, &pass)
        await answer(&pass)
        return pass
    }

    /// Reads repositories, some at a time. When the tracker itself is out of reach the rest are
    /// left for the next pass.
    private func read(
        _ chosen: [RepositoryName], _ hinted: [RepositoryName: RepositoryHints],
        _ pass: inout CoordinatorPass
    ) async {
        var remaining = chosen.compactMap { readers[$0] }[...]
        var vain = 0
        var answered = 0
        // Tasks leave what they read here. Groups whose tasks have results of several parts crashed
        // in optimised builds (Swift 6.3.1: the result was copied when it was gone).
        let read = Outbox()
        await withTaskGroup(of: Void.self) { group in
            for reader in remaining.prefix(max(1, settings.concurrency)) {
                let hint = hinted[reader.repository]
                group.addTask { await read.add(reader, hint) }
            }
            remaining = remaining.dropFirst(max(1, settings.concurrency))
            while await group.next() != nil {
                for outcome in read.take() {
                    switch outcome.result {
                    case .success(let reading):
                        answered += 1
                        pass.issues += reading.issues
                        pass.changes += reading.changes
                        pass.failures += reading.failures.map {
                            CoordinatorPass.Failure(repository: outcome.repository, error: $0)
                        }
                        await recovered(outcome.repository)
                    case .failure(is CancellationError): break
                    case .failure(let error):
                        if Self.isOutOfReach(error) { vain += 1 }
                        pass.failures.append(
                            CoordinatorPass.Failure(repository: outcome.repository, error: error))
                        await failed(outcome.repository, error)
                    }
                    guard answered > 0 || vain < Self.enoughVain, !Task.isCancelled,
                        let reader = remaining.popFirst()
                    else { continue }
                    let hint = hinted[reader.repository]
                    group.addTask { await read.add(reader, hint) }
                }
            }
        }
        if answered > 0 {
            vainPasses = 0
        } else if vain > 0 {
            vainPasses += 1
        }
    }

    /// With so many repositories in a row that don't answer it is the tracker that doesn't.
    private static let enoughVain = 3

    private static func isOutOfReach(_ error: any Error) -> Bool {
        (error as? any SkepError)?.kind == .unavailable
    }

    /// Opens runs for waiting demands. What can't be read now waits.
    func answer(_ pass: inout CoordinatorPass) async {
        do {
            let outcome = try await answerer.answer(readers, troubles)
            pass.opened += outcome.opened
            pass.failures += outcome.failures
        } catch is CancellationError {
        } catch {
            parts.logger.warning(
                "Can't answer demands", metadata: [LogKeys.error: "\(error)"])
        }
    }

    // MARK: Trouble

    /// Told once, not in each pass.
    private func failed(_ repository: RepositoryName, _ error: any Error) async {
        let reason = (error as? any SkepError)?.what ?? "\(error)"
        let isNew = troubles[repository] == nil
        troubles[repository] = RepositoryTrouble(
            since: troubles[repository]?.since ?? parts.clock.now, reason: reason,
            isOutOfReach: Self.isOutOfReach(error))
        guard isNew else { return }
        parts.logger.warning(
            "Can't look at repository",
            metadata: [LogKeys.repository: "\(repository)", LogKeys.error: "\(error)"])
        await tell("\(repository) can't be read since \(parts.clock.now.words): \(reason)")
    }

    private func recovered(_ repository: RepositoryName) async {
        guard let trouble = troubles.removeValue(forKey: repository) else { return }
        parts.logger.notice(
            "Repository can be read again",
            metadata: [
                LogKeys.repository: "\(repository)",
                LogKeys.durationMS: "\((parts.clock.now - trouble.since).milliseconds)",
            ])
        await tell("\(repository) can be read again; it couldn't since \(trouble.since.words).")
    }

    private func tell(_ text: String) async {
        do {
            try await parts.store.record(NewSwarmEvent(.trouble, text: text))
        } catch {
            parts.logger.warning("Can't write event", metadata: [LogKeys.error: "\(error)"])
        }
    }
}

/// What was read of repositories, until it is taken.
private final class Outbox: Sendable {
    struct Outcome: Sendable {
        let repository: RepositoryName
        let result: Result<RepositoryReader.Reading, any Error>
    }

    private let outcomes = Mutex<[Outcome]>([])

    func add(_ reader: RepositoryReader, _ hint: RepositoryHints?) async {
        let result: Result<RepositoryReader.Reading, any Error>
        do {
            result = .success(try await reader.read(hint))
        } catch {
            result = .failure(error)
        }
        outcomes.withLock {
            $0.append(Outcome(repository: reader.repository, result: result))
        }
    }

    func take() -> [Outcome] {
        outcomes.withLock { outcomes in
            defer { outcomes = [] }
            return outcomes
        }
    }
}
