internal import SkepCore
internal import SkepQueue

// A disk that is nearly full is the machine's trouble: its jobs wait, and nobody has failed.
extension StepRunner {
    /// Where a step isn't begun for want of room; `nil`: it may be.
    func roomless(_ context: StepContext, _ step: any Step) -> StepSettlement? {
        // A session that is under way goes on, and what has ended is written down.
        guard type(of: step).fillsDisk, context.job.openSession == nil,
            let full = parts.workspaces.fullDisk()
        else { return nil }
        var settlement = StepSettlement(.release)
        wait(full.failure, context, &settlement)
        return settlement
    }

    /// Why a step that went wrong isn't to blame; `nil`: it is, or went well.
    func excuse(_ way: StepOutcome.Way, _ step: any Step) -> AgentFailure? {
        switch way {
        case .retry, .fail: parts.workspaces.fullDisk()?.failure
        case .giveUp(let failure) where failure.type.mayBeTheDisks:
            parts.workspaces.fullDisk()?.failure
        // What commands find counts no more; a reviewer's word does.
        case .sentBack where !type(of: step).hasSession: parts.workspaces.fullDisk()?.failure
        case .done, .goOn, .close, .sentBack, .ask, .giveUp, .park, .wait: nil
        }
    }
}

extension FailureType {
    /// Whether it may come of a full disk, of those that end a run.
    fileprivate var mayBeTheDisks: Bool {
        [.setupFailed, .startFailed, .missingProgram, .sandbox].contains(self)
    }
}
