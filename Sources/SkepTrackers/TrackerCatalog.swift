internal import Foundation
public import Logging
public import SkepCore
internal import SkepHTTP
public import SkepQueue

/// The trackers there are, by the word that stands for each in the configuration.
///
/// A new one is a folder beside this file and a case here.
public enum TrackerCatalog {
    public enum Kind: String, CaseIterable, Sendable {
        case gitea, forgejo, codeberg, skep

        /// Where it lives when the configuration doesn't say.
        fileprivate var usualAddress: String? { self == .codeberg ? "https://codeberg.org" : nil }
    }

    /// Reads the tracker's part of the configuration. What is wrong with it is added to `mistakes`;
    /// the result is good for nothing then.
    public static func settings(
        _ node: SettingsNode, mistakes: SettingsMistakes
    ) -> TrackerSettings {
        let reader = SettingsReader(node, of: "the tracker", mistakes: mistakes)
        let kind = reader.choice("kind", Kind.self) ?? .gitea
        let address =
            kind.usualAddress.map { reader.text("url") ?? $0 } ?? reader.requiredText("url")
        if !address.isEmpty {
            do {
                _ = try TrackerSettings.address(address)
            } catch {
                reader.mistake(
                    "\"url\" isn't an address: \(error.why ?? error.what)",
                    at: reader.node("url")?.location ?? reader.location)
            }
        }
        let settings = TrackerSettings(
            kind: kind, address: address, token: token(reader),
            login: reader.text("login").map { LoginName(rawValue: $0) },
            concurrency: reader.integer("concurrency", in: 1...16) ?? 4,
            timeout: .seconds(reader.integer("timeout_seconds", in: 1...3600) ?? 120))
        reader.finish()
        return settings
    }

    private static func token(_ reader: SettingsReader) -> TrackerSettings.TokenSource {
        let variable = reader.text("token_env")
        let file = reader.text("token_file")
        if variable != nil, file != nil {
            reader.mistake(
                "\"token_env\" and \"token_file\" exclude each other",
                at: reader.node("token_file")?.location ?? reader.location)
        }
        if let file, !file.hasPrefix("/"), !file.hasPrefix("~/") {
            reader.mistake(
                "\"token_file\" must begin with / or ~/",
                at: reader.node("token_file")?.location ?? reader.location)
        }
        return variable.map { .environment($0) } ?? file.map { .file($0) } ?? .none
    }

    /// Makes the tracker that settings describe. The token is read now, nothing is asked yet.
    ///
    /// - Parameters:
    ///   - environment: Where `token_env` is looked up; `HOME` stands for "~".
    ///   - version: The program's, and `about` its address, for the `User-Agent`.
    /// - Throws: `GiteaError.token` when the token can't be had.
    public static func tracker(
        _ settings: TrackerSettings, environment: [String: String], version: String,
        about: String? = nil, clock: any Clock = SystemClock(),
        logger: Logger = Logger(label: "skep.tracker")
    ) throws -> any Tracker {
        let token = try settings.token.read(environment)
        let address: HTTPURL
        do {
            address = try TrackerSettings.address(settings.address)
        } catch {
            throw GiteaError.transport(error)
        }
        let client = HTTPClient(
            version: version, about: about, limits: HTTPLimits(total: settings.timeout),
            concurrency: settings.concurrency)
        return GiteaTracker(
            address: address, token: token, login: settings.login, remotes: settings.remotes,
            client: client, clock: clock,
            logger: logger)
    }
}
