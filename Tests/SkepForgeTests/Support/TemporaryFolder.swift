import Foundation

/// A folder that is there while a test runs.
enum TemporaryFolder {
    static func path() -> String {
        NSTemporaryDirectory() + "skep-forge-" + UUID().uuidString.lowercased()
    }

    /// Removes it. SQLite takes its own files away while this goes on, which stops
    /// `removeItem` halfway: it's called again then.
    static func remove(_ path: String) {
        for _ in 0..<10 where FileManager.default.fileExists(atPath: path) {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}
