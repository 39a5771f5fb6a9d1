internal import CCurl

/// One request and what has come back of its response, on one of libcurl's handles.
///
/// Used by the loop's thread only. libcurl is given a bare pointer to it, which is good until
/// `release()`: the table keeps the transfer as long.
final class Transfer {
    let ticket: Ticket
    let reply: CurlLoop.Reply
    let handle: UnsafeMutableRawPointer
    private let limits: HTTPLimits
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headerLines: UnsafeMutablePointer<curl_slist>?

    private var status = 0
    private var headers = HTTPHeaders()
    private var headSize = 0
    private var body: [UInt8] = []
    private var isTooLarge = false

    private var request: HTTPRequest { ticket.request }

    init(
        _ ticket: Ticket, reply: CurlLoop.Reply, handle: UnsafeMutableRawPointer,
        limits: HTTPLimits
    ) {
        self.ticket = ticket
        self.reply = reply
        self.handle = handle
        self.limits = limits
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        setUp()
    }

    deinit {
        curl_slist_free_all(headerLines)
        errorText.deallocate()
    }

    /// Makes the handle forget this transfer; its connection stays.
    func release() { curl_easy_reset(handle) }

    /// What the transfer came to, once libcurl says that it is done.
    func result(_ code: CURLcode) -> Result<HTTPResponse, any Error> {
        if isTooLarge || code == CURLE_FILESIZE_EXCEEDED {
            return .failure(HTTPError.tooLarge(request.url.origin, limit: limits.body))
        }
        guard code == CURLE_OK else { return .failure(error(code)) }
        return .success(
            HTTPResponse(status: status, headers: headers, body: body, url: request.url))
    }

    // MARK: - Setting up

    private func setUp() {
        let me = Unmanaged.passUnretained(self).toOpaque()
        skep_curl_set_string(handle, CURLOPT_URL, request.url.description)
        skep_curl_set_long(handle, CURLOPT_PATH_AS_IS, 1)
        skep_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
        skep_curl_set_data_callback(handle, CURLOPT_WRITEFUNCTION, takeBody)
        skep_curl_set_pointer(handle, CURLOPT_WRITEDATA, me)
        skep_curl_set_data_callback(handle, CURLOPT_HEADERFUNCTION, takeHeader)
        skep_curl_set_pointer(handle, CURLOPT_HEADERDATA, me)

        skep_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        skep_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        skep_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        skep_curl_set_long(handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        skep_curl_set_string(handle, CURLOPT_ACCEPT_ENCODING, "")
        if request.url.origin.isLoopback { skep_curl_set_string(handle, CURLOPT_PROXY, "") }

        skep_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, limits.connect.curlMilliseconds)
        skep_curl_set_long(handle, CURLOPT_TIMEOUT_MS, limits.total.curlMilliseconds)
        skep_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
        skep_curl_set_long(
            handle, CURLOPT_LOW_SPEED_TIME, (limits.stall.curlMilliseconds + 999) / 1000)
        skep_curl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(limits.body))

        setMethod()
        setHeaders()
    }

    private func setMethod() {
        if request.method == .head {
            skep_curl_set_long(handle, CURLOPT_NOBODY, 1)
        } else if request.body == nil, !Self.alwaysWithBody.contains(request.method) {
            skep_curl_set_long(handle, CURLOPT_HTTPGET, 1)
            skep_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        } else {
            var bytes = request.body ?? []
            skep_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
            skep_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, &bytes)
            skep_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
        // When a kept connection ends before a byte of the response, libcurl sends the request
        // once more on a new one, a write as well. Only the caller may do that, so a write gets a
        // new connection from the start.
        if !request.method.isRead { skep_curl_set_long(handle, CURLOPT_FRESH_CONNECT, 1) }
    }

    /// Methods that servers expect a length of, even if it is 0.
    private static let alwaysWithBody: Set<HTTPMethod> = [.post, .put, .patch]

    private func setHeaders() {
        for field in request.headers.fields {
            // libcurl's spelling for a header that is there but empty.
            addLine(field.value.isEmpty ? field.name + ";" : "\(field.name): \(field.value)")
        }
        // A name with a colon and nothing else takes away what libcurl would send by itself.
        addLine("Expect:")
        if request.headers["Content-Type"] == nil { addLine("Content-Type:") }
        skep_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headerLines)
    }

    private func addLine(_ line: String) {
        if let longer = curl_slist_append(headerLines, line) { headerLines = longer }
    }

    // MARK: - What comes back

    /// Returns whether to go on.
    fileprivate func take(header line: UnsafeRawBufferPointer) -> Bool {
        headSize += line.count
        guard headSize <= HTTPLimits.head else {
            isTooLarge = true
            return false
        }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // An earlier one was only interim (100, or a proxy's).
            headers = HTTPHeaders()
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if text.first == " " || text.first == "\t" {
            headers.extendLast(with: text.trimmed)
        } else if body.isEmpty, let colon = text.firstIndex(of: ":") {
            headers.add(
                String(text[..<colon]).trimmed, String(text[text.index(after: colon)...]).trimmed)
        }
        return true
    }

    /// Returns whether to go on.
    fileprivate func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= limits.body else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func error(_ code: CURLcode) -> HTTPError {
        let detail = String(cString: errorText)
        let why = (detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail).asSentence
        guard code == CURLE_OPERATION_TIMEDOUT else {
            return HTTPError(code, origin: request.url.origin, why: why)
        }
        // Microseconds; the time for TLS, where there is any, belongs to connecting.
        var connected: curl_off_t = 0
        var elapsed: curl_off_t = 0
        let isTLS = request.url.origin.scheme == "https"
        skep_curl_get_offset(
            handle, isTLS ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T, &connected)
        skep_curl_get_offset(handle, CURLINFO_TOTAL_TIME_T, &elapsed)
        if connected == 0 {
            let limit = min(limits.connect, limits.total)
            return .timedOut(request.url.origin, .connecting, after: limit)
        }
        if elapsed / 1000 >= limits.total.curlMilliseconds {
            return .timedOut(request.url.origin, .total, after: limits.total)
        }
        return .timedOut(request.url.origin, .stalled, after: limits.stall)
    }
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.take(body: buffer) ? buffer.count : -1
}

private func takeHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.take(header: buffer) ? buffer.count : -1
}

extension Duration {
    /// At least 1, since libcurl takes 0 for "no limit".
    fileprivate var curlMilliseconds: Int {
        let (seconds, attoseconds) = components
        return max(
            1,
            Int(clamping: min(seconds, 1 << 31)) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text.drop(while: \.isWhitespace))
    }

    fileprivate var asSentence: String {
        let text = trimmed
        return text.hasSuffix(".") || text.isEmpty ? text : text + "."
    }
}
