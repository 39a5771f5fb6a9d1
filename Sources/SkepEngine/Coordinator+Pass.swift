internal import Logging
internal import SkepCore
internal import SkepQueue

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
        typealias Outcome = (RepositoryName, Result<RepositoryReader.Reading, any Error>)
        var remaining = chosen.compactMap { readers[$0] }[...]
        var vain = 0
        var answered = 0
        await withTaskGroup(of: Outcome.self) { group in
            func start() {
                guard !Task.isCancelled, let reader = remaining.popFirst() else { return }
                let hint = hinted[reader.repository]
                group.addTask {
                    do {
                        return (reader.repository, .success(try await reader.read(hint)))
                    } catch {
                        return (reader.repository, .failure(error))
                    }
                }
            }
            for _ in 0..<max(1, settings.concurrency) { start() }
            while let (repository, outcome) = await group.next() {
                switch outcome {
                case .success(let reading):
                    answered += 1
                    pass.issues += reading.issues
                    pass.changes += reading.changes
                    pass.failures += reading.failures.map {
                        CoordinatorPass.Failure(repository: repository, error: $0)
                    }
                    await recovered(repository)
                case .failure(is CancellationError): break
                case .failure(let error):
                    if Self.isOutOfReach(error) { vain += 1 }
                    pass.failures.append(
                        CoordinatorPass.Failure(repository: repository, error: error))
                    await failed(repository, error)
                }
                if answered > 0 || vain < Self.enoughVain { start() }
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
