#if os(Linux)
    import Foundation
    import SkepTestSupport
    import Testing

    /// A file system in memory, small enough to be filled; mounted on a temporary queue's folder.
    struct SmallDisk: Sendable {
        let folder: String

        /// Whether this process may mount anything. Tests that need it say that they are skipped.
        static let isAllowed: Bool = {
            let folder = "/tmp/skep-disk-\(UInt32.random(in: .min ... .max))"
            mkdir(folder, 0o700)
            defer { rmdir(folder) }
            guard (try? run("mount", "-t", "tmpfs", "tmpfs", folder)) != nil else { return false }
            return (try? run("umount", folder)) != nil
        }()

        static func with<R>(
            megabytes: Int, _ body: (TemporaryQueue, SmallDisk) async throws -> R
        ) async throws -> R {
            try await TemporaryQueue.with { queue in
                let size = "size=\(megabytes)m"
                try run("mount", "-t", "tmpfs", "-o", size, "tmpfs", queue.folder)
                defer { try? run("umount", "-l", queue.folder) }
                return try await body(queue, SmallDisk(folder: queue.folder))
            }
        }

        /// Leaves no room, until `free()`.
        func fill() {
            let file = open(ballast, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            for size in [1 << 16, 1] {
                let bytes = [UInt8](repeating: 0, count: size)
                while write(file, bytes, size) > 0 {}
            }
            close(file)
        }

        func free() { unlink(ballast) }

        func makeReadOnly() async throws {
            // It is busy while a file is open for writing, which a child that is just being started
            // has too, until its program begins.
            try await eventually("it is mounted read-only") {
                (try? Self.run("mount", "-o", "remount,ro", folder)) != nil
            }
        }

        private var ballast: String { folder + "/ballast" }

        private static func run(_ arguments: String...) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = arguments
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
        }
    }
#endif
