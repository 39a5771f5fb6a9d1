import SkepCore
import SkepQueue

enum FailureRules {
    static func judge(
        ending: SessionResult.Ending, troubles: [AgentTrouble], turnEnd: TurnEnd?,
        errorOutput: String, tail: String, adapter: String, now: Timestamp
    ) -> AgentFailure? {
        ending == .exited(code: 0) ? nil : AgentFailure(type: .unknown, message: "\(ending)")
    }
}
