import SkepCore
import SkepEngine
import SkepQueueSQLite
import SkepStore

/// What commands work with that ask the engine: the configuration, the database, the tracker.
struct Desk {
    let house: House
    let queue: SQLiteQueueStore
    let parts: SwarmParts

    /// - Parameter quiet: Whether only ids are printed.
    init(_ common: CommonOptions, quiet: Bool = false) async throws {
        house = try House.read(common.layers())
        let assembly = Assembly(
            house, logger: StderrLog.remarks(on: common.console(quiet: quiet)))
        let tracker = try assembly.tracker()
        try house.state.create(isRoot: house.surroundings.isRoot)
        queue = try await house.state.openQueue()
        parts = assembly.parts(queue, tracker)
    }

    /// The `skep serve` that runs here.
    var server: ServeLock.Holder? { ServeLock.holder(house.state) }

    /// Says that nothing happens until somebody serves.
    func remindToServe(_ console: Console) {
        guard server == nil, !console.isJSON else { return }
        console.remarks.line(
            "No \"skep serve\" is running here: nothing goes on until one does.")
    }
}
