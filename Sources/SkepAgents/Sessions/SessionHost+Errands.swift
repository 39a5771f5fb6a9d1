import SkepWire

/// Commands that Skep runs for an agent within its session: sessions of their own, in folders below
/// the agent's.
extension SessionHost {
    private static let errandPrefix = "errand-"

    func errand(_ name: String) -> SessionHost {
        SessionHost(folder: "\(folder)/\(Self.errandPrefix)\(name)", program: program)
    }

    var errands: [SessionHost] {
        FileStatus.names(in: folder).filter { $0.hasPrefix(Self.errandPrefix) }.sorted().map {
            SessionHost(folder: "\(folder)/\($0)", program: program)
        }
    }

    /// Ends them all, and forgets them.
    func endErrands() async throws(AgentsError) {
        for errand in errands { try await errand.endAndForget() }
    }

    /// Ends the session likewise, and deletes its folder.
    func endAndForget() async throws(AgentsError) {
        try await end(grace: .zero)
        FileStatus.removeFolder(folder)
    }
}
