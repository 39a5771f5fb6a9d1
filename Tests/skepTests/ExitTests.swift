import ArgumentParser
import SkepCore
import SkepQueue
import Testing

@testable import skep

@Suite struct ExitTests {
    @Test(
        "Each kind of error has its exit status",
        arguments: [
            (.conflict, 1), (.refused, 1), (.usage, 64), (.unavailable, 69), (.defect, 70),
            (.configuration, 78),
        ] as [(ErrorKind, Int32)])
    func codes(kind: ErrorKind, code: Int32) {
        #expect(Exit.code(for: kind) == code)
    }

    @Test("An error has three parts, the lower ones indented, and nothing in it acts on a terminal")
    func text() {
        let error = ProgramError(
            .conflict, "Can't open \"a\u{1B}[2Jb\".", why: "It is shut.\nStill.", advice: "Open it."
        )

        #expect(
            Exit.text(of: error) == """
                error: Can't open "a\\u{1B}[2Jb".
                       It is shut.
                       Still.
                       Open it.

                """)
    }

    @Test("An error nobody has words for is a defect, and says so")
    func unexpected() {
        struct Odd: Error {}

        let described = Exit.described(Odd())

        #expect(described.kind == .defect)
        #expect(described.advice?.contains("report it") == true)
    }

    @Test("With --json an error is a document")
    func json() {
        let document = Exit.json(of: QueueError.noSuchJob(JobID(rawValue: 7)))

        #expect(
            document.line()
                == #"{"error":{"kind":"conflict","what":"There is no job 7","why":null,"advice":"It may have been removed since: finished jobs are kept for a time only.","exit_code":1}}"#
        )
    }
}
