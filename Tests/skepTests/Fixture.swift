import Foundation
import SkepCore
import SkepQueue
import SkepTestSupport

@testable import skep

/// A folder with a configuration in it, and surroundings that know nothing of this machine.
struct Fixture {
    let folder = TemporaryFolder()
    var environment: [String: String] = [:]

    var path: String { folder.path }

    func write(_ name: String, _ text: String) throws {
        let file = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func surroundings(userID: UInt32 = 1000) -> Surroundings {
        Surroundings(
            environment: environment.merging(["XDG_CONFIG_HOME": "\(path)/config"]) { first, _ in
                first
            }, workingFolder: path, homeFolder: "\(path)/home", userID: userID)
    }

    func layers(file: String? = nil, flags: [String: String] = [:]) -> ConfigurationLayers {
        ConfigurationLayers(surroundings(), file: file, flags: flags)
    }

    func configuration(file: String? = nil, flags: [String: String] = [:]) throws -> Configuration {
        let layers = layers(file: file, flags: flags)
        let mistakes = SettingsMistakes()
        let configuration = Configuration(
            layers.merged(into: mistakes), of: layers, into: mistakes)
        try mistakes.check()
        return configuration
    }

    /// The mistakes of the whole configuration, as they are shown.
    func complaint() -> String? {
        do {
            _ = try House.read(layers(), program: SelfProgram(path: "/opt/skep/bin/skep"))
            return nil
        } catch {
            return Exit.text(of: Exit.described(error))
                .split(separator: path + "/").joined()
        }
    }

    static let tracker = """
        tracker: {url: "http://127.0.0.1:3000", token_env: TOKEN}

        """
}

/// The time at which golden files are shown: 2026-09-21T14:13:20Z.
let goldenNow = Timestamp(milliseconds: 1_790_000_000_000)
