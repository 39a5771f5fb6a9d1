import CGit2
import Dispatch

/// A git repository.
///
/// All calls of one value run one after the other on a thread of its own. Any number of values, in
/// any number of processes, may be open on the same folder; what changes references there is
/// best serialised by its owner.
public actor GitRepository {
    /// The folder that holds `HEAD` and `objects`.
    public nonisolated let path: String

    let handle: Handle
    private nonisolated let executor: GitExecutor

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    /// libgit2's repository; freed with the actor.
    final class Handle: @unchecked Sendable {
        // Only the actor uses it, one call at a time; a deinit has no other user.
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }

        deinit { git_repository_free(pointer) }
    }

    private init(_ handle: Handle) {
        self.handle = handle
        path = String(cString: git_repository_path(handle.pointer))
        executor = GitExecutor(label: "skep.git")
    }

    var pointer: OpaquePointer { handle.pointer }

    /// Opens the repository at exactly this folder; doesn't look in the folders above.
    ///
    /// - Parameter workTree: The working tree, if the repository isn't bare. Overrides what its
    ///   configuration says.
    public static func open(_ path: String, workTree: String? = nil) async throws -> GitRepository {
        try await GitThread.run {
            try GitLibrary.start()
            var pointer: OpaquePointer?
            let code = git_repository_open_ext(
                &pointer, path, GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue, nil)
            if code == GIT_ENOTFOUND.rawValue { throw GitError.notARepository(path: path) }
            try git(code, "Can't open the repository \"\(path)\"")
            guard let pointer else { throw GitError.notARepository(path: path) }
            let handle = Handle(pointer)
            if let workTree {
                try git(
                    git_repository_set_workdir(pointer, workTree, 0),
                    "Can't use the working tree \"\(workTree)\"")
            }
            return GitRepository(handle)
        }
    }

    /// Makes a bare repository; one that is there already is opened.
    public static func create(bare path: String) async throws -> GitRepository {
        try await GitThread.run {
            try GitLibrary.start()
            var options = git_repository_init_options()
            git_repository_init_options_init(
                &options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
            options.flags =
                GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue
            var pointer: OpaquePointer?
            try git(
                git_repository_init_ext(&pointer, path, &options),
                "Can't make a repository at \"\(path)\"")
            guard let pointer else { throw GitError.notARepository(path: path) }
            return GitRepository(Handle(pointer))
        }
    }
}

/// Runs what blocks beside the cooperative pool, where no repository is open yet.
enum GitThread {
    private static let queue = DispatchQueue(label: "skep.git.open", attributes: .concurrent)

    static func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
