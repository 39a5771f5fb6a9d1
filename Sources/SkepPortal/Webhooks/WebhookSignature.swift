#if canImport(CryptoKit)
    internal import CryptoKit
    internal import Foundation
#else
    internal import CCrypto
#endif

/// What shows that a delivery comes from somebody who knows the secret.
///
/// Gitea and Forgejo send the HMAC-SHA256 of the raw body: bare hexadecimal digits in a header of
/// their own, and after "sha256=" in GitHub's (https://docs.gitea.com/usage/webhooks).
struct WebhookSignature: Sendable, Hashable {
    private let digest: [UInt8]

    /// Reads a header's value; `nil` unless it is 64 hexadecimal digits.
    init?(_ text: String) {
        var digits = text[...]
        if digits.hasPrefix("sha256=") { digits = digits.dropFirst(7) }
        guard digits.utf8.count == 64 else { return nil }
        var bytes: [UInt8] = []
        var half: UInt8?
        for character in digits {
            guard let value = character.hexDigitValue, character.isASCII else { return nil }
            if let high = half {
                bytes.append(high << 4 | UInt8(value))
                half = nil
            } else {
                half = UInt8(value)
            }
        }
        digest = bytes
    }

    /// Whether it is the signature of these bytes. Takes the same time wherever it differs.
    func signs(_ body: [UInt8], with secret: String) -> Bool {
        let expected = Self.hmac(body, key: Array(secret.utf8))
        guard expected.count == digest.count else { return false }
        return zip(expected, digest).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    static func hmac(_ body: [UInt8], key: [UInt8]) -> [UInt8] {
        #if canImport(CryptoKit)
            return Array(
                HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: key)))
        #else
            var digest = [UInt8](repeating: 0, count: 32)
            var length: UInt32 = 0
            let isDone =
                HMAC(EVP_sha256(), key, Int32(key.count), body, body.count, &digest, &length) != nil
            precondition(isDone && length == 32, "libcrypto has no HMAC-SHA256")
            return digest
        #endif
    }
}
