import SkepCore
import SkepQueue

/// One of the demo's issues: who gets it, and what has to come of it.
struct DemoCase: Sendable, Hashable {
    /// A Markdown file: a line "# Title", then the body.
    private let document: [UInt8]
    let agent: AgentName
    let outcome: RunClosing.Outcome
    /// What the reason for that outcome has to say; empty: anything.
    let reason: String
    /// What the agent's file says below `name`, and the program it starts, if it has one of its own.
    let settings: String
    let program: [UInt8]?
    let instructions: String

    var title: String {
        String(text.prefix { $0 != "\n" }.drop { $0 == "#" || $0 == " " })
    }

    var body: String {
        String(text.drop { $0 != "\n" }.drop { $0 == "\n" })
    }

    private var text: String { String(decoding: document, as: UTF8.self) }
}

extension DemoCase {
    /// The sample program is a shell script that keeps track of a larder; its issues are real.
    static let all: [DemoCase] = [
        DemoCase(
            document: PackageResources.demo_issue_take_md, agent: "patch", outcome: .published,
            reason: "", settings: "adapter: patch\n", program: nil,
            instructions: "Applies the diff that stands in the issue."),
        DemoCase(
            document: PackageResources.demo_issue_soon_md, agent: "mender", outcome: .published,
            reason: "", settings: "", program: PackageResources.demo_mender_sh,
            instructions: "Mend the failing test."),
        DemoCase(
            document: PackageResources.demo_issue_readme_md, agent: "reader", outcome: .noChanges,
            reason: "", settings: "", program: PackageResources.demo_reader_sh,
            instructions: "Answer out of the README."),
        DemoCase(
            document: PackageResources.demo_issue_fractions_md, agent: "quitter",
            outcome: .failed, reason: "exit status 3", settings: "",
            program: PackageResources.demo_quitter_sh, instructions: "Give up where you must."),
        DemoCase(
            document: PackageResources.demo_issue_lock_md, agent: "sleeper", outcome: .failed,
            reason: "out of time", settings: "limits: {seconds: 4}\n",
            program: PackageResources.demo_sleeper_sh, instructions: "Reproduce the defect."),
    ]
}
