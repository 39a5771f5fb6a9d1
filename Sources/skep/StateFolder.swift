import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The state folder's parts, by name.
struct StateFolder: Sendable, Hashable {
    let path: String
    /// Why it may be another than is meant: "There is no skep.yaml in /tmp."; `nil`: it was named.
    var doubt: String?

    init(path: String, doubt: String? = nil) {
        self.path = path
        self.doubt = doubt
    }

    var database: String { path + "/skep.sqlite" }
    /// Locks and wake-up sockets.
    var run: String { path + "/run" }
    var serveLock: String { run + "/serve.lock" }
    var sessions: String { path + "/sessions" }
    var forge: String { path + "/forge" }
    /// Reports of burn-downs.
    var burndowns: String { path + "/burndowns" }

    /// Whether there may be one: `false` only where there is none for sure.
    var hasDatabase: Bool {
        access(database, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)
    }

    /// Makes the folder. As root others may go through it, since agents work below it as another
    /// user, but not list it; what they may not read is protected by itself.
    func create(isRoot: Bool) throws {
        try requireFolder()
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            guard mkdir(made, made == path ? (isRoot ? 0o711 : 0o700) : 0o755) != 0 else {
                continue
            }
            guard errno == EEXIST || (errno == EROFS && access(made, F_OK) == 0) else {
                throw ProgramError(
                    errno == ENOSPC ? .unavailable : .configuration,
                    "Can't make the state folder \"\(path)\".", why: Self.reason(errno) + ".",
                    advice: "Set another with --state, or \"state\" in skep.yaml.")
            }
        }
        // Under root the process's own mask must not shut agents out.
        if isRoot { chmod(path, 0o711) }
        // Nobody else reads the database, whatever the mask; its companions get the same rights.
        let descriptor = open(database, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ProgramError(
                errno == ENOSPC || errno == EROFS ? .unavailable : .configuration,
                "Can't make the database \"\(database)\".", why: Self.reason(errno) + ".",
                advice: errno == EACCES
                    ? Self.otherUserAdvice
                    : "Make the folder writable for this user, or set another with --state.")
        }
        close(descriptor)
    }

    /// How long finished jobs are kept; runs and what is known of them stay. What has died waits for
    /// somebody to look at it.
    private static let retention = Retention(
        succeeded: .seconds(30 * 86_400), cancelled: .seconds(30 * 86_400))

    /// Opens the queue with the swarm's tables.
    ///
    /// - Throws: `ProgramError` when there is no database yet.
    func openQueue() async throws -> SQLiteQueueStore {
        try requireFolder()
        guard hasDatabase else {
            throw ProgramError(
                .configuration, "There is no database in \"\(path)\".", why: doubt,
                advice: doubt == nil
                    ? "\"skep init\" makes it; --state names another folder."
                    : ConfigurationLayers.absenceAdvice)
        }
        guard access(database, R_OK | W_OK) == 0 else {
            let code = errno
            throw ProgramError(
                code == EROFS ? .unavailable : .configuration,
                "Can't open the database \"\(database)\".", why: Self.reason(code) + ".",
                advice: Self.openingAdvice(code))
        }
        return try await SQLiteQueueStore(
            path: database, runFolder: run, retention: Self.retention,
            migrations: SQLiteSwarmStore.migrations, follower: RunFollower())
    }

    /// What the system says about an error number.
    static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    /// The same about an error of Foundation's, whose own text is for programmers.
    static func reason(of error: any Error) -> String {
        let cause = (error as? CocoaError)?.underlying ?? error
        return (cause as? POSIXError).map { reason($0.code.rawValue) } ?? "\(error)"
    }

    /// What helps when the database can't be opened, by the error's number.
    static func openingAdvice(_ code: Int32) -> String {
        code == EROFS
            ? "Looking needs its locks, too: have the file system writable, or name another folder "
                + "with --state."
            : otherUserAdvice
    }

    /// What somebody is told who isn't let in.
    static let otherUserAdvice =
        "Run it as the user whose state folder this is, or name another with --state."

    /// Whether there is something else in the folder's place.
    var isOtherThanFolder: Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }

    func requireFolder() throws {
        guard isOtherThanFolder else { return }
        throw ProgramError(
            .configuration, "The state \"\(path)\" isn't a folder.",
            advice: "Name one with --state, or \"state\" in skep.yaml.")
    }
}
