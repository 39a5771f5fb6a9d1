import CGit2
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One fetch or push: what its callbacks need to know, and what they found.
///
/// libgit2 1.5 has neither time limits nor a way to cancel a transfer that waits for the server.
/// Our own sockets (`GitStream`) have both; the callbacks here end one that is at work. What
/// can't be interrupted: looking up the server's name, and copying between folders of one machine
/// while it packs.
final class GitTransfer: @unchecked Sendable {
    // All but `cancelled` is used on the repository's thread only.
    let remote: GitRemote
    private let cancelled = Atomic<Bool>(false)
    private let started = ContinuousClock.now
    private var lastSign = ContinuousClock.now
    private var timesAsked = 0
    /// What made a callback end the transfer.
    private(set) var problem: GitError?
    /// The end of what the server said to people.
    private(set) var serverText: [UInt8] = []
    /// What the server said of each reference: `nil` when it took it.
    private(set) var answers: [String: String?] = [:]

    init(_ remote: GitRemote) { self.remote = remote }

    /// From any thread.
    func cancel() { cancelled.store(true, ordering: .relaxed) }
    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func end(with problem: GitError) { if self.problem == nil { self.problem = problem } }

    /// Notes that the server did something.
    func sawProgress() { lastSign = .now }

    /// Whether it may go on; otherwise `problem` says why unless it was cancelled.
    func mayContinue() -> Bool {
        if isCancelled || problem != nil { return false }
        let now = ContinuousClock.now
        if now - lastSign > remote.limits.silence {
            end(with: .timedOut(remote: remote.description, after: remote.limits.silence))
        } else if now - started > remote.limits.whole {
            end(
                with: .unreachable(
                    remote: remote.description,
                    reason: "It took more than \(remote.limits.whole.components.seconds) seconds."))
        }
        return problem == nil
    }

    /// The name to log in with; `nil` when there is none, or it was refused.
    func credentials() -> GitRemote.Credentials? {
        timesAsked += 1
        // libgit2 asks for ever as long as it is answered.
        guard timesAsked <= 3 else { return nil }
        return remote.credentials
    }

    private func hear(_ text: UnsafePointer<CChar>, _ length: Int) {
        text.withMemoryRebound(to: UInt8.self, capacity: length) {
            serverText.append(contentsOf: UnsafeBufferPointer(start: $0, count: length))
        }
        if serverText.count > 4096 { serverText.removeFirst(serverText.count - 4096) }
    }

    private static func from(_ payload: UnsafeMutableRawPointer?) -> GitTransfer? {
        payload.map { Unmanaged<GitTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func step(_ payload: UnsafeMutableRawPointer?) -> Int32 {
        guard let transfer = from(payload) else { return 0 }
        transfer.sawProgress()
        return transfer.mayContinue() ? 0 : GIT_EUSER.rawValue
    }

    /// libgit2's callbacks, leading here. Valid as long as this object is.
    func callbacks() -> git_remote_callbacks {
        var callbacks = git_remote_callbacks()
        git_remote_init_callbacks(&callbacks, UInt32(GIT_REMOTE_CALLBACKS_VERSION))
        callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        callbacks.transfer_progress = { _, payload in GitTransfer.step(payload) }
        callbacks.pack_progress = { _, _, _, payload in GitTransfer.step(payload) }
        callbacks.push_transfer_progress = { _, _, _, payload in GitTransfer.step(payload) }
        callbacks.sideband_progress = { text, length, payload in
            if let text, length > 0 { GitTransfer.from(payload)?.hear(text, Int(length)) }
            return GitTransfer.step(payload)
        }
        callbacks.push_update_reference = { name, status, payload in
            guard let name, let transfer = GitTransfer.from(payload) else { return 0 }
            transfer.answers[String(cString: name)] = .some(status.map { String(cString: $0) })
            return 0
        }
        callbacks.credentials = { out, _, _, allowed, payload in
            guard let transfer = GitTransfer.from(payload),
                allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0,
                let credentials = transfer.credentials()
            else { return GIT_EAUTH.rawValue }
            return git_credential_userpass_plaintext_new(out, credentials.user, credentials.token)
        }
        return callbacks
    }
}

extension GitTransfer {
    /// The transfer at work on this thread, for the sockets that libgit2 makes for it.
    static var current: GitTransfer? {
        pthread_getspecific(key).map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Runs a transfer's calls on this thread.
    func run<R>(_ body: () throws -> R) rethrows -> R {
        git_error_clear()
        pthread_setspecific(Self.key, Unmanaged.passUnretained(self).toOpaque())
        defer { pthread_setspecific(Self.key, nil) }
        return try withExtendedLifetime(self) { try body() }
    }

    /// The error of a call that failed.
    func error(_ code: Int32) -> any Error {
        if isCancelled { return CancellationError() }
        if let problem { return problem }
        let name = remote.description
        let message = GitError.lastMessage()
        switch (git_error_code(code), GitError.lastClass()) {
        case (GIT_EAUTH, _): return GitError.authentication(remote: name)
        case (GIT_ECERTIFICATE, _): return GitError.certificate(remote: name)
        case (GIT_ENOTFOUND, _):
            return GitError.refused(remote: name, reason: "There is no such repository.")
        case (GIT_ERROR, GIT_ERROR_SSL): return GitError.certificate(remote: name)
        case (_, GIT_ERROR_HTTP):
            // The status is to be had from the text only, and says whether to try again.
            if message.contains("status code: 5") || message.contains("status code: 429") {
                return GitError.unreachable(remote: name, reason: message)
            }
            return GitError.refused(remote: name, reason: message)
        case (_, GIT_ERROR_NET), (_, GIT_ERROR_OS), (GIT_EEOF, _):
            return GitError.unreachable(remote: name, reason: message)
        default: return GitError.last(code, "Can't talk to \(name)")
        }
    }

    func check(_ code: Int32) throws { if code < 0 || isCancelled { throw error(code) } }
}
