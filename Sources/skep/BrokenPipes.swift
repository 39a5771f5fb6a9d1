#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum BrokenPipes {
    /// Makes writing to a pipe or socket that nobody reads an error where it is written, instead of
    /// the end of the program.
    ///
    /// A handler that does nothing, not SIG_IGN: that would be inherited by agents and commands.
    static func areErrors() {
        signal(SIGPIPE) { _ in }
    }
}
