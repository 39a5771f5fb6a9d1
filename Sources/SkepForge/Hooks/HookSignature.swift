#if canImport(CryptoKit)
    import CryptoKit
#else
    import CCrypto
#endif

/// The signatures that prove to a receiver that a delivery is the tracker's.
enum HookSignature {
    /// HMAC-SHA256 in hexadecimal digits; empty without a secret.
    static func sha256(_ bytes: [UInt8], secret: String) -> String {
        guard !secret.isEmpty else { return "" }
        let key = Array(secret.utf8)
        #if canImport(CryptoKit)
            let code = HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key))
            return Token.hexadecimal(Array(code))
        #else
            return Token.hexadecimal(code(bytes, key: key, EVP_sha256()))
        #endif
    }

    /// HMAC-SHA1, which receivers of GitHub's older hooks look for.
    static func sha1(_ bytes: [UInt8], secret: String) -> String {
        guard !secret.isEmpty else { return "" }
        let key = Array(secret.utf8)
        #if canImport(CryptoKit)
            let code = HMAC<Insecure.SHA1>.authenticationCode(
                for: bytes, using: SymmetricKey(data: key))
            return Token.hexadecimal(Array(code))
        #else
            return Token.hexadecimal(code(bytes, key: key, EVP_sha1()))
        #endif
    }

    #if !canImport(CryptoKit)
        private static func code(_ bytes: [UInt8], key: [UInt8], _ digest: OpaquePointer?)
            -> [UInt8]
        {
            var output = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
            var length: UInt32 = 0
            let done = HMAC(
                digest, key, Int32(key.count), bytes, bytes.count, &output, &length)
            precondition(done != nil, "libcrypto has no HMAC")
            return Array(output.prefix(Int(length)))
        }
    #endif
}
