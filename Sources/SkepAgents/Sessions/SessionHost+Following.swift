import SkepWire

extension SessionHost {
    /// Tells whenever the log may have grown; ends when the host is gone.
    func growth() -> AsyncStream<Void> {
        let host = self
        return AsyncStream {
            try? await Task.sleep(for: Self.pollInterval)
            guard !Task.isCancelled, (try? host.state()) == .alive else { return nil }
            return ()
        }
    }

    /// Writes to the agent's standard input; `nil` when the host doesn't answer.
    func say(offset: Int64, bytes: [UInt8], closes: Bool) async -> ControlReply? {
        await ask(.say(offset: offset, bytes: bytes, closes: closes))
    }

    /// Puts a person's message into the log; `nil` when the host doesn't answer.
    func mail(_ text: String) async -> ControlReply? {
        await ask(.mail(Array(text.utf8)))
    }
}
