import CLauncher
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `skep-host --user UID:GID PROGRAM ARGUMENT…`: becomes that user, with no further groups, and gives
/// way to the program.
///
/// Skep itself has many threads, so it can't have a child do that before it executes: there glibc's
/// `setgroups` and `setuid` wait for ever for a thread that was just being made (setxid_mark_thread in
/// nptl_setxid.c), and swift-subprocess 1.0.2, which calls them there, starts nothing more meanwhile.
enum OtherUser {
    static func execute(_ words: [String]) -> Never {
        let user = words.first?.split(separator: ":").compactMap { UInt32($0) } ?? []
        guard user.count == 2, words.count > 1 else { refuse("usage: \(usage)", status: 64) }
        // It led to the host's own libraries.
        unsetenv("LD_LIBRARY_PATH")
        let command = Array(words[1...])
        var arguments = command.map { strdup($0) }
        arguments.append(nil)
        skep_execute_as(user[0], user[1], &arguments)
        // As a shell has it.
        let status: Int32 = errno == ENOENT ? 127 : 126
        refuse(
            "error: Can't run \"\(command[0])\" as \(words[0]): \(describe(errno: errno)).",
            status: status)
    }

    static let usage = "skep-host --user UID:GID PROGRAM ARGUMENT..."

    private static func refuse(_ text: String, status: Int32) -> Never {
        try? Files.write(Array((text + "\n").utf8), to: 2, path: "standard error")
        exit(status)
    }
}
