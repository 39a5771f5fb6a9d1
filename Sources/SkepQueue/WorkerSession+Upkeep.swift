internal import Logging

extension WorkerSession {
    /// The shortest time between two sweeps that signals cause: each enqueued job is a signal.
    private static let sweepSpacing = Duration.milliseconds(25)
    private static let maintenanceInterval = Duration.seconds(60)
    private static let maintenanceSpacing = Duration.seconds(1)

    // MARK: Sweeping

    /// Sweeps when something is due, when a signal says that something else may be due earlier, and
    /// each poll interval; until the task is cancelled.
    func sweepNowAndThen() async {
        var backoff = Backoff(cap: configuration.pollInterval)
        while !Task.isCancelled {
            let start = clock.uptime
            let wait = await sweep()
            if wait != nil { backoff.reset() }
            // What the sweep found open may have been shut when a claim looked last.
            lookForJobs()
            if await sweepBell.wait(until: start + (wait ?? backoff.next())) {
                let pause = start + Self.sweepSpacing - clock.uptime
                if pause > .zero { try? await clock.sleep(for: pause) }
            } else {
                // A claim makes due jobs ready itself, so it needn't wait for the sweep.
                lookForJobs()
            }
        }
    }

    /// - Returns: When to sweep again at the latest; `nil` when it failed.
    private func sweep() async -> Duration? {
        do {
            let sweep = try await store.sweep()
            note(sweep)
            guard let due = sweep.nextDue else { return configuration.pollInterval }
            return min(configuration.pollInterval, max(due - clock.now, .milliseconds(1)))
        } catch is CancellationError {
            return nil
        } catch {
            logger.warning("Can't sweep", metadata: [LogKey.error: "\(error)"])
            return nil
        }
    }

    func note(_ sweep: Sweep) {
        if let problem = sweep.problem {
            logger.warning("Can't sweep all jobs", metadata: [LogKey.error: "\(problem)"])
        }
        if !sweep.expired.isEmpty {
            logger.info("Jobs have expired", metadata: [LogKey.jobs: "\(sweep.expired)"])
            worker.middleware.noted(.expired(sweep.expired))
        }
        if !sweep.reclaimed.isEmpty {
            logger.warning(
                "Took jobs from workers that are gone",
                metadata: [LogKey.jobs: "\(sweep.reclaimed)"])
            worker.middleware.noted(.reclaimed(sweep.reclaimed))
        }
        if !sweep.died.isEmpty {
            logger.error("Jobs died with their workers", metadata: [LogKey.jobs: "\(sweep.died)"])
            worker.middleware.noted(.diedWithHolder(sweep.died))
        }
    }

    // MARK: Maintenance

    /// Maintains the store about each minute, and soon again while there is more to do; until the
    /// task is cancelled.
    func maintainNowAndThen() async {
        var isFailing = false
        // Somewhere in the first minute, so that workers that start together don't do it together.
        var wait = Self.maintenanceInterval * worker.random()
        while true {
            do { try await clock.sleep(for: wait) } catch { return }
            wait = Self.maintenanceInterval * (0.75 + 0.5 * worker.random())
            do {
                let maintenance = try await store.maintain()
                if maintenance.isUnfinished { wait = Self.maintenanceSpacing }
                isFailing = false
            } catch is CancellationError {
                return
            } catch {
                if !isFailing {
                    logger.warning("Can't maintain the queue", metadata: [LogKey.error: "\(error)"])
                }
                isFailing = true
            }
        }
    }
}
