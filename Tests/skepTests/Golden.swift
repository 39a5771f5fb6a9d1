import Foundation
import Testing

/// Compares a text with a file under `Golden/`. With `SKEP_GOLDEN=write` the file is written anew,
/// for a person to review.
func expectGolden(
    _ text: String, _ name: String, location: SourceLocation = #_sourceLocation
) throws {
    let path = sourceFolder + "/Golden/" + name
    if ProcessInfo.processInfo.environment["SKEP_GOLDEN"] == "write" {
        try Data(text.utf8).write(to: URL(filePath: path))
    }
    let expected = try String(contentsOfFile: path, encoding: .utf8)
    #expect(
        text == expected, "\(name) differs; SKEP_GOLDEN=write writes it", sourceLocation: location)
}

/// The folder of these tests.
let sourceFolder = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/")!))
/// The repository.
let repositoryFolder = sourceFolder + "/../.."
