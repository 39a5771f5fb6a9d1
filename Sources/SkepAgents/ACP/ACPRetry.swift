import SkepCore

/// What agents tell beyond the protocol while they try to reach their provider again.
enum ACPRetry {
    /// - Returns: `nil` when a notification tells of something else.
    static func wait(_ method: String, _ params: JSONValue?) -> AgentWait? {
        let told: JSONValue?
        switch method {
        // grok
        case "_x.ai/session_notification"
        where params["update"]["sessionUpdate"].text == "retry_state"
            && params["update"]["type"].text == "retrying":
            told = params["update"]["reason"]
        // vibe
        case "_session/retrying": told = params["detail"]
        default: return nil
        }
        let text = told.text ?? ""
        let saying = Saying(troubles: [], errorOutput: "", printed: "", adapter: ACPAdapter.name)
        let type = saying.match(AgentTrouble(text: text))?.rule.type
        return AgentWait(type: type ?? .overload, text: text)
    }
}
