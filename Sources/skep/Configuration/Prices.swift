import SkepCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads what models cost: `prices.yaml` of the configuration folder, over the table that is built
/// in.
enum Prices {
    static func read(_ surroundings: Surroundings, into mistakes: SettingsMistakes) -> PriceTable {
        let builtIn = table(
            String(decoding: PackageResources.prices_yaml, as: UTF8.self),
            source: "prices.yaml (built in)", into: mistakes)
        let path = surroundings.userConfigurationFolder + "/prices.yaml"
        guard FileManager.default.fileExists(atPath: path) else { return builtIn }
        let source = surroundings.shown(path)
        guard let text = TextFile.read(path, source: source, into: mistakes) else { return builtIn }
        return table(text, source: source, into: mistakes).over(builtIn)
    }

    private static func table(
        _ text: String, source: String, into mistakes: SettingsMistakes
    ) -> PriceTable {
        guard let tree = YAML.read(text, source: source, into: mistakes) else {
            return PriceTable()
        }
        return PriceTable(SettingsReader(tree, of: "the price table", mistakes: mistakes))
    }
}
