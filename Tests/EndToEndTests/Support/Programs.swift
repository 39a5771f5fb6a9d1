import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The programs as they were built with these tests.
enum Programs {
    static var skep: String { get throws { try find("skep", in: buildFolder) } }
    static var host: String { get throws { try find("skep-host", in: buildFolder) } }

    /// The folder of the coding agents that `make setup-peers` installed. A missing one fails loudly.
    static func peers(_ names: String...) throws -> String {
        let folder = packageFolder + "/.build-peers/bin"
        for name in names { _ = try find(name, in: folder) }
        return folder
    }

    /// A file that Skep brings along, such as "agents/claude.md".
    static func shipped(_ name: String) throws -> String {
        try String(contentsOfFile: try find(name, in: packageFolder), encoding: .utf8)
    }

    static func fixture(_ name: String) throws -> String {
        try find(name, in: packageFolder + "/Tests/EndToEndTests/Fixtures")
    }

    /// A program of the system, looked up as a shell does.
    static func system(_ name: String) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        for folder in path.split(separator: ":") {
            if access("\(folder)/\(name)", X_OK) == 0 { return "\(folder)/\(name)" }
        }
        throw Missing(name: name, path: path)
    }

    struct Missing: Error, CustomStringConvertible {
        let name: String
        let path: String
        var description: String {
            "\"\(name)\" isn't in \(path): \"make test\" builds and installs everything first"
        }
    }

    static let packageFolder: String = {
        // …/Tests/EndToEndTests/Support/Programs.swift
        var path = #filePath
        for _ in 0..<4 { path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }
        return path
    }()

    private static func find(_ name: String, in folder: String) throws -> String {
        let path = folder + "/" + name
        guard access(path, F_OK) == 0 else { throw Missing(name: name, path: folder) }
        return path
    }

    /// The folder that the test bundle lies in.
    private static var buildFolder: String {
        if let folder = ProcessInfo.processInfo.environment["SKEP_PROGRAMS"] { return folder }
        #if os(Linux)
            let tests =
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
                ?? CommandLine.arguments[0]
        #else
            let tests =
                Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundlePath
                ?? CommandLine.arguments[0]
        #endif
        return String(tests[..<(tests.lastIndex(of: "/") ?? tests.startIndex)])
    }
}
