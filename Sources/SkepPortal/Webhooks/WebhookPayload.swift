internal import Foundation
internal import SkepCore

/// The little of a delivery that is read: where something happened. What happened is asked of the
/// tracker, since deliveries come late, twice, in any order, or never.
struct WebhookPayload: Decodable {
    struct Repository: Decodable {
        let fullName: String

        private enum CodingKeys: String, CodingKey {
            case fullName = "full_name"
        }
    }

    struct Numbered: Decodable {
        let number: Int
    }

    let repository: Repository?
    let issue: Numbered?
    let pullRequest: Numbered?

    private enum CodingKeys: String, CodingKey {
        case repository, issue
        case pullRequest = "pull_request"
    }

    init(_ body: [UInt8]) throws {
        self = try JSONDecoder().decode(WebhookPayload.self, from: Data(body))
    }

    var repositoryName: RepositoryName? { (repository?.fullName).flatMap { RepositoryName($0) } }

    func hint(in repository: RepositoryName) -> WebhookHint {
        let number = issue?.number ?? pullRequest?.number
        return WebhookHint(
            repository: repository,
            issue: number.flatMap {
                $0 > 0 ? IssueReference(repository: repository, number: $0) : nil
            })
    }

    /// The JSON of a form delivery, which is what its signature is made of; `nil` when the form has
    /// none.
    static func json(ofForm body: [UInt8]) -> [UInt8]? {
        for pair in body.split(separator: UInt8(ascii: "&")) {
            let prefix = Array("payload=".utf8)
            guard pair.starts(with: prefix) else { continue }
            return decoded(pair.dropFirst(prefix.count))
        }
        return nil
    }

    private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard index + 2 < text.endIndex,
                    let high = digit(text[index + 1]), let low = digit(text[index + 2])
                else { return nil }
                bytes.append(high << 4 | low)
                index += 2
            case let byte: bytes.append(byte)
            }
            index += 1
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
    }
}
