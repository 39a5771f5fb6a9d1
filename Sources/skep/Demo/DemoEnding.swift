import SkepCore
import SkepForge

/// What the demo says when the last run is closed: what came of each, and where to look.
struct DemoEnding {
    let folder: DemoFolder
    let address: ForgeServer.Address
    let console: Console

    func show(_ verdicts: [DemoVerdict]) {
        if console.isJSON {
            console.show(
                .object([
                    "folder": .text(folder.path), "tracker": .text(address.url),
                    "issues": .list(verdicts.map(\.json)),
                ]))
            return
        }
        console.say("")
        console.show(verdicts.table)
        for verdict in verdicts {
            for complaint in verdict.complaints {
                console.remarks.line("wrong: #\(verdict.summary.run.issue.number): \(complaint)")
            }
        }
    }

    private var commands: String {
        let skep = SelfProgram.current().path
        return """
              cd \(folder.path)
              \(skep) run list
              \(skep) run show 2
              \(skep) run log 2
              \(skep) branch diff mender/issue-2
            """
    }

    private var pages: String { "\(address.url)/\(DemoStage.owner)/\(DemoStage.repository)" }

    /// While tracker and daemon go on.
    func sayWhereItIs() {
        console.say(
            """

            Look at its pages until Ctrl-C ends it:

              \(pages)/issues
              \(pages)/pulls

            and from another terminal:

            \(commands)
            """)
    }

    /// When everything has ended.
    func sayHowToLookAgain() {
        console.say(
            """

            Nothing is left running. To look around:

            \(commands)

            and at the tracker's pages, \(pages)/issues:

              \(SelfProgram.current().path) forge serve --data \(folder.forge) --port \(address.port)

            All of it goes with: rm -r \(folder.path)
            """)
    }
}
