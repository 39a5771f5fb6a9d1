internal import CCurl

extension HTTPError {
    /// libcurl's verdict on a transfer, but for time-outs and sizes, which `Transfer` knows more about.
    init(_ code: CURLcode, origin: HTTPURL.Origin, why: String) {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            self = .invalidURL(origin.description, why: why)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
            CURLE_INTERFACE_FAILED:
            self = .unreachable(origin, why: why)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
            self = .tls(origin, why: why)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            self = .malformed(origin, why: why)
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT:
            self = .exhausted(why: why)
        default:
            // Nothing or only a part came back (CURLE_GOT_NOTHING, PARTIAL_FILE, RECV_ERROR,
            // SEND_ERROR …). Also what libcurl may add: "may have arrived" is the careful reading.
            self = .cut(origin, why: why)
        }
    }
}
