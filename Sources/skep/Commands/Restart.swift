import ArgumentParser
import SkepCore
import SkepQueue

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Restart the running \"skep serve\" without stopping agents",
        discussion: """
            The program and the configuration are read anew; agents at work go on meanwhile. A \
            configuration with mistakes is refused, and the old one goes on.

            Example: skep restart
            """)

    @Option(help: ArgumentHelp("How long to wait for the new one.", valueName: "seconds"))
    var wait = 60
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let house = try House.read(common.layers())
        let clock = SystemClock()
        guard let old = ServeLock.holder(house.state), old.processID > 0 else {
            throw ProgramError(
                .conflict, "No \"skep serve\" works on \"\(house.state.path)\".",
                advice: "Start it with \"skep serve\".")
        }
        guard !old.isDemo else {
            throw ProgramError(
                .conflict, "A demo works on \"\(house.state.path)\", and can't be restarted.",
                advice:
                    "End it with Ctrl-C, and serve its tracker with \"skep forge serve\"; then "
                    + "\"skep serve\" goes on with its work.")
        }
        guard kill(old.processID, SIGHUP) == 0 else {
            throw ProgramError(
                .refused, "Can't restart process \(old.processID).",
                why: StateFolder.reason(errno) + ".",
                advice: errno == EPERM ? "Do it as the user it runs as." : nil)
        }
        let deadline = clock.uptime + .seconds(wait)
        var freeSince: Duration?
        while clock.uptime < deadline {
            try await clock.sleep(for: .milliseconds(50))
            guard let new = ServeLock.holder(house.state) else {
                let since = freeSince ?? clock.uptime
                freeSince = since
                if clock.uptime - since > .seconds(10) { break }
                continue
            }
            freeSince = nil
            guard new.isReady, new.startedAt != old.startedAt else { continue }
            return tell(new)
        }
        throw ProgramError(
            .unavailable, "The new \"skep serve\" isn't up.",
            why: freeSince == nil
                ? "After \(wait) s process \(old.processID) hasn't begun anew."
                : "The old one has gone.",
            advice: "Its log says why; agents at work are adopted by the next start.")
    }

    private func tell(_ new: ServeLock.Holder) {
        let console = common.console()
        if console.isJSON {
            return console.show(
                .object([
                    "process_id": .number(new.processID), "started_at": .time(new.startedAt),
                ]))
        }
        console.say("Process \(new.processID) serves again.")
    }
}
