import Foundation

#if canImport(CryptoKit)
    import CryptoKit
#else
    import CCrypto
#endif

/// A user's secret for the API and for git: 40 hexadecimal digits. Only its hash is stored.
struct Token: Sendable {
    let value: String

    /// A new one, from the system's random generator.
    static func random() -> Token {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<20).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Token(value: hexadecimal(bytes))
    }

    /// The SHA-256 of the token. It needs no salt: tokens are random and long.
    var hash: String { Self.hexadecimal(Self.sha256(Array(value.utf8))) }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        #if canImport(CryptoKit)
            return Array(SHA256.hash(data: bytes))
        #else
            var digest = [UInt8](repeating: 0, count: 32)
            var length: UInt32 = 0
            let isDone = EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil)
            precondition(isDone == 1 && length == 32, "libcrypto has no SHA-256")
            return digest
        #endif
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
