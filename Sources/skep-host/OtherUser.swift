import CLauncher
import SkepWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `skep-host --user UID:GID PROGRAM ARGUMENT…`: becomes that user, with no further groups, and gives
/// way to the program. Whoever is that user already, and not root, keeps the groups he has.
///
/// Skep itself has many threads, so it can't have a child do that before it executes: there glibc's
/// `setgroups` and `setuid` wait for ever for a thread that was just being made (setxid_mark_thread in
/// nptl_setxid.c), and swift-subprocess 1.0.2, which calls them there, starts nothing more meanwhile.
enum OtherUser {
    static func execute(_ words: [String]) -> Never {
        let parts = (words.first ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let user = UInt32(parts[0]), let group = UInt32(parts[1]),
            words.count > 1
        else { refuse("usage: \(usage)", status: 64) }
        // It led to the host's own libraries.
        unsetenv("LD_LIBRARY_PATH")
        let command = Array(words[1...])
        var arguments = command.map { strdup($0) }
        arguments.append(nil)
        skep_execute_as(user, group, &arguments)
        let reason = errno
        refuse(
            "error: Can't run \"\(command[0])\" as \(words[0]): \(describe(errno: reason)).",
            // As a shell has it.
            status: reason == ENOENT ? 127 : 126)
    }

    static let usage = "skep-host --user UID:GID PROGRAM ARGUMENT..."

    private static func refuse(_ text: String, status: Int32) -> Never {
        try? Files.write(Array((text + "\n").utf8), to: 2, path: "standard error")
        exit(status)
    }
}
