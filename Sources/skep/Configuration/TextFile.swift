import SkepCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads small text files that people write.
enum TextFile {
    /// 1 MiB: what is larger isn't a configuration.
    static let maxBytes = 1 << 20

    /// Reads a file as UTF-8; what is wrong with it goes into `mistakes`.
    static func read(
        _ path: String, source: String, maxBytes: Int = maxBytes, into mistakes: SettingsMistakes
    ) -> String? {
        let place = SettingsLocation(source: source)
        guard let bytes = FileManager.default.contents(atPath: path) else {
            mistakes.add("it can't be read", at: place)
            return nil
        }
        guard bytes.count <= maxBytes else {
            mistakes.add("it is larger than \(maxBytes >> 20) MiB", at: place)
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            mistakes.add("it isn't UTF-8 text", at: place)
            return nil
        }
        return text
    }
}
