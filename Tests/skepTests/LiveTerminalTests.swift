import Foundation
import SkepCore
import SkepQueue
import SkepQueueSQLite
import SkepTestSupport
import Subprocess
import Testing

@testable import skep

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `skep status --watch` on a terminal.
@Suite struct LiveTerminalTests {
    /// Both ends of a pseudo-terminal.
    struct Pair {
        let master: Int32
        let slave: Int32
        /// The file that is the terminal.
        let name: String

        init(columns: UInt16, rows: UInt16) {
            #if canImport(Glibc)
                // What posix_openpt and its friends do; they aren't in the module.
                let unlock: UInt = 0x4004_5431  // TIOCSPTLCK
                let number: UInt = 0x8004_5430  // TIOCGPTN
                master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
                var isLocked: CInt = 0
                var index: CUnsignedInt = 0
                precondition(
                    ioctl(master, unlock, &isLocked) == 0 && ioctl(master, number, &index) == 0,
                    "There is no pseudo-terminal.")
                name = "/dev/pts/\(index)"
            #else
                master = posix_openpt(O_RDWR | O_NOCTTY)
                precondition(
                    grantpt(master) == 0 && unlockpt(master) == 0, "There is no pseudo-terminal.")
                name = String(cString: ptsname(master))
            #endif
            slave = open(name, O_RDWR | O_NOCTTY)
            precondition(slave >= 0, "There is no pseudo-terminal.")
            _ = fcntl(master, F_SETFL, O_NONBLOCK)
            _ = fcntl(master, F_SETFD, FD_CLOEXEC)
            resize(columns: columns, rows: rows)
        }

        func resize(columns: UInt16, rows: UInt16) {
            var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            _ = ioctl(master, UInt(TIOCSWINSZ), &size)
        }

        /// What stty would print: flags and control characters.
        var settings: [UInt8] {
            var settings = termios()
            tcgetattr(slave, &settings)
            return withUnsafeBytes(of: &settings) { Array($0) }
        }

        /// What was written to the terminal since it was read last.
        func read() -> String {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = systemRead(master, &buffer, buffer.count)
                guard count > 0 else { break }
                bytes += buffer[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }

        func type(_ text: String) { _ = text.withCString { write(master, $0, strlen($0)) } }

        func close() {
            for descriptor in [master, slave] { systemClose(descriptor) }
        }
    }

    private let fixture = Fixture()

    private func watch(_ pair: Pair) async throws -> TerminationStatus {
        let state = StateFolder(path: fixture.path + "/state")
        try state.create(isRoot: false)
        try await state.openQueue().close()
        return try await Subprocess.run(
            .name("sh"),
            arguments: [
                "-c", "exec \"$0\" status --watch --state \"$1\" <\"$2\" >\"$2\"",
                SelfProgram.current().folder + "/skep", state.path, pair.name,
            ],
            environment: .custom([
                "PATH": "/usr/bin:/bin", "HOME": fixture.path, "TERM": "xterm",
                "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
            ]), output: .discarded, error: .discarded
        ).terminationStatus
    }

    @Test("It follows the terminal's size, and q gives the terminal back as it was")
    func wholeLife() async throws {
        let pair = Pair(columns: 80, rows: 24)
        defer { pair.close() }
        let before = pair.settings
        async let ending = watch(pair)
        var seen = ""

        try await eventually("the view is drawn", within: .seconds(120)) {
            seen += pair.read()
            return seen.contains("\u{1B}[24;1H")
        }
        #expect(pair.settings != before)
        #expect(seen.hasPrefix("\u{1B}[?1049h"))
        #expect(seen.contains("q ends this"))
        pair.resize(columns: 60, rows: 40)
        try await eventually("it takes the new size", within: .seconds(120)) {
            seen += pair.read()
            return seen.contains("\u{1B}[40;1H")
        }
        pair.type("xq")

        #expect(try await ending == .exited(0))
        seen += pair.read()
        #expect(seen.hasSuffix("\u{1B}[?25h\u{1B}[?1049l"))
        #expect(pair.settings == before)
    }
}

// Within a type that has methods of these names.
private func systemRead(_ descriptor: Int32, _ buffer: inout [UInt8], _ count: Int) -> Int {
    read(descriptor, &buffer, count)
}

private func systemClose(_ descriptor: Int32) { close(descriptor) }
