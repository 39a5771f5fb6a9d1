import SkepCore
import SkepQueue
import UnixSignals

/// A picture that stays on the terminal, drawn anew each second, until a key or a signal ends it.
struct LiveView<Picture> {
    let console: Console
    let clock: any Clock
    let read: () async throws -> Picture
    /// The lines of a picture: no more than fit, and none too wide.
    let frame: (Picture, LiveScene) -> [String]

    /// How often is looked; keys and a resized window are seen within a tenth of it.
    private let interval = Duration.seconds(1)

    init(
        console: Console, clock: any Clock, read: @escaping () async throws -> Picture,
        frame: @escaping (Picture, LiveScene) -> [String]
    ) {
        self.console = console
        self.clock = clock
        self.read = read
        self.frame = frame
    }

    /// - Throws: What reading throws the first time; later on it is shown, and tried again.
    func run() async throws {
        let screen = LiveScreen(output: console.output)
        guard screen.isPossible else {
            throw ProgramError(
                .usage, "--watch needs a terminal that can place the cursor.",
                advice:
                    "\"skep events --follow\", and --json in place of --watch, are for everything else."
            )
        }
        var picture = try await read()
        var problem: String?
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        screen.open()
        defer { screen.close() }
        let stop = StopFlag()
        // Ended below, with the view.
        let listening = Task {
            for await signal in signals { stop.set(signal) }
        }
        defer { listening.cancel() }

        while stop.signal == nil {
            var drawn: (columns: Int, rows: Int)?
            for _ in 0..<10 where stop.signal == nil {
                let size = screen.size
                if drawn.map({ $0 != size }) ?? true {
                    drawn = size
                    screen.draw(frame(picture, scene(problem, size)), size)
                }
                if screen.pressed() { return }
                try await clock.sleep(for: interval / 10)
            }
            do {
                picture = try await read()
                problem = nil
            } catch {
                problem = Exit.described(error).what
            }
        }
        screen.close()
        if let signal = stop.signal {
            throw ExitCodes.ended(by: signal)
        }
    }

    private func scene(_ problem: String?, _ size: (columns: Int, rows: Int)) -> LiveScene {
        LiveScene(
            now: clock.now, columns: size.columns, rows: size.rows, problem: problem,
            style: console.output.styled)
    }
}
