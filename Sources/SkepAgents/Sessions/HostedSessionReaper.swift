public import SkepCore

/// Ends what is left of sessions that nobody holds.
public struct HostedSessionReaper: SessionReaper {
    private let house: AgentHouse

    public init(_ house: AgentHouse) { self.house = house }

    public func end(_ session: SessionID) async throws {
        let host = house.sessionHost(session)
        // Without a folder nothing was begun; make one, so that nothing can be.
        try FileStatus.makeFolder(host.folder, mode: 0o711)
        try await host.end(grace: house.grace)
    }

    public func runsWithCommands() async throws -> Set<RunID> {
        Set(house.commandPlaces().map(\.run))
    }

    public func endCommands(of run: RunID) async throws {
        for place in house.commandPlaces() where place.run == run {
            try await house.endCommand(place, grace: house.grace)
        }
    }
}
