internal import CCurl
internal import Glibc
internal import NetworkAddresses

/// What all transfers of a client have in common.
struct TransferSettings: Sendable {
    let addresses: AddressGuard
    let useEnvironmentProxy: Bool
    let trustRoots: TrustRoots?
}

/// One request in libcurl's hands: its handle and what that points to. Belongs to the worker thread.
final class Transfer {
    static let maximumHeaderBytes = 65_536
    static let connectTimeout = Duration.seconds(5)

    let submission: Submission
    let easy: UnsafeMutableRawPointer
    let settings: TransferSettings
    var isPaused = false
    /// Why a callback stopped the transfer; libcurl itself only knows that one did.
    var failure: HTTPError?
    private(set) var lastActivity: ContinuousClock.Instant
    private var fieldList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var bodyBytes = 0
    private var isHeadDelivered = false
    private var refusedAddress: String?
    private var hasOpenedSocket = false

    /// Nil when out of memory, or where libcurl lacks an option that safety needs.
    init?(_ submission: Submission, settings: TransferSettings) {
        guard let easy = curl_easy_init() else { return nil }
        self.submission = submission
        self.settings = settings
        self.easy = easy
        lastActivity = submission.submitted
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard setConnectionOptions(), setRequestOptions(), setCallbacks() else { return nil }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(fieldList)
        errorText.deallocate()
    }

    /// The moment at which it has to be given up, if nothing more happens.
    var deadline: ContinuousClock.Instant? {
        switch submission.limit {
        case .total(let deadline): deadline
        case .idle(let longest): isPaused ? nil : lastActivity + longest
        }
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        lastActivity = .now
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    func outcome(_ code: CURLcode) -> Result<Void, HTTPError> {
        if let failure { return .failure(failure) }
        guard code != CURLE_OK else { return .success(()) }
        let reason = errorText.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        switch code {
        case CURLE_URL_MALFORMAT: return .failure(.invalidURL)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: return .failure(.nameNotResolved)
        case CURLE_COULDNT_CONNECT:
            guard let refusedAddress, !hasOpenedSocket else { return .failure(.connectFailed) }
            return .failure(.addressNotPermitted(refusedAddress))
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut)
        case CURLE_FILESIZE_EXCEEDED: return .failure(.responseTooLarge)
        // One header line beyond libcurl's own limit of 100 KB ends so, before any callback has seen it.
        case CURLE_OUT_OF_MEMORY where !isHeadDelivered: return .failure(.headersTooLarge)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_CERTPROBLEM:
            return .failure(.tlsFailed(reason))
        default: return .failure(.protocolError(reason))
        }
    }
}

extension Transfer {
    private func setConnectionOptions() -> Bool {
        let connectMilliseconds = Int(Self.connectTimeout.components.seconds) * 1000
        var results = [
            ccurl_set_text(easy, CURLOPT_PROTOCOLS_STR, submission.target.isPlain ? "http" : "https"),
            ccurl_set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1),
            ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0),
            ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)),
            ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1),
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
            ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, connectMilliseconds),
            ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            // A resolver thread that hangs is left behind; waiting for it would stop all other transfers.
            ccurl_set_long(easy, CURLOPT_QUICK_EXIT, 1),
            ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, submission.request.isRepeatable ? 0 : 1),
            ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1),
            ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
            ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText),
        ]
        if submission.target.isPlain || !settings.useEnvironmentProxy {
            results.append(ccurl_set_text(easy, CURLOPT_PROXY, ""))
        }
        if let trustRoots = settings.trustRoots {
            var pem = trustRoots.pem
            pem.withUnsafeMutableBytes { bytes in
                var blob = curl_blob(data: bytes.baseAddress, len: bytes.count, flags: UInt32(CURL_BLOB_COPY))
                results.append(ccurl_set_blob(easy, CURLOPT_CAINFO_BLOB, &blob))
            }
        }
        return results.allSatisfy { $0 == CURLE_OK }
    }

    private func setRequestOptions() -> Bool {
        let request = submission.request
        var results = [
            ccurl_set_text(easy, CURLOPT_URL, request.url),
            ccurl_set_text(easy, CURLOPT_USERAGENT, "ztna"),
        ]
        if case .total = submission.limit {
            results.append(ccurl_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.maximumResponseBytes)))
        }
        // What libcurl would add to a body of its own accord is taken out again.
        var lines = ["Expect:"]
        if request.headers["Content-Type"] == nil { lines.append("Content-Type:") }
        lines += request.headers.fields.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        for line in lines {
            guard let longer = curl_slist_append(fieldList, line) else { return false }
            fieldList = longer
        }
        results.append(ccurl_set_list(easy, CURLOPT_HTTPHEADER, fieldList))
        let needsBody = request.method == .post || request.method == .put || request.method == .patch
        if let body = request.body ?? (needsBody ? [] : nil) {
            results.append(ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            body.withUnsafeBytes { bytes in
                results.append(
                    ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(errorText)))
            }
        }
        if request.method == .head {
            results.append(ccurl_set_long(easy, CURLOPT_NOBODY, 1))
        } else {
            results.append(ccurl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue))
        }
        return results.allSatisfy { $0 == CURLE_OK }
    }

    private func setCallbacks() -> Bool {
        let me = Unmanaged.passUnretained(self).toOpaque()
        let onHeader: curl_write_callback = { bytes, size, count, context in
            Transfer.from(context)?.received(header: UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
        }
        let onBody: curl_write_callback = { bytes, size, count, context in
            Transfer.from(context)?.received(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
        }
        let onOpen: curl_opensocket_callback = { context, _, address in
            guard let transfer = Transfer.from(context), let address else { return CURL_SOCKET_BAD }
            return transfer.openSocket(address)
        }
        let results = [
            ccurl_set_receiver(easy, CURLOPT_HEADERFUNCTION, onHeader),
            ccurl_set_pointer(easy, CURLOPT_HEADERDATA, me),
            ccurl_set_receiver(easy, CURLOPT_WRITEFUNCTION, onBody),
            ccurl_set_pointer(easy, CURLOPT_WRITEDATA, me),
            ccurl_set_opener(easy, onOpen),
            ccurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, me),
        ]
        return results.allSatisfy { $0 == CURLE_OK }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// One line; the empty one ends the header. Lines of interim answers and trailers count, and are dropped.
    private func received(header bytes: UnsafeRawBufferPointer) -> Int {
        lastActivity = .now
        headerBytes += bytes.count
        guard headerBytes <= Self.maximumHeaderBytes else {
            failure = .headersTooLarge
            return 0
        }
        let line = Array(bytes.prefix { $0 != 0x0D && $0 != 0x0A })
        if isHeadDelivered { return bytes.count }
        if line.starts(with: "HTTP/".utf8) {
            headers = HTTPHeaders()
        } else if line.isEmpty {
            var status = 0
            ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
            if status >= 200 {
                isHeadDelivered = true
                submission.delivery.deliver(HTTPHead(status: status, headers: headers))
            }
        } else {
            headers.append(line: line)
        }
        return bytes.count
    }

    private func received(body bytes: UnsafeRawBufferPointer) -> Int {
        lastActivity = .now
        if case .total = submission.limit {
            bodyBytes += bytes.count
            guard bodyBytes <= submission.request.maximumResponseBytes else {
                failure = .responseTooLarge
                return 0
            }
        }
        if submission.delivery.deliver(bytes) { return bytes.count }
        isPaused = true
        return Int(CURL_WRITEFUNC_PAUSE)
    }

    /// Called after DNS for every address tried, so what a name means now is what is judged.
    private func openSocket(_ target: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let address = Self.numericAddress(target)
        guard let address, settings.addresses.permits(address, plain: submission.target.isPlain) else {
            refusedAddress = address?.description ?? "of another family"
            return CURL_SOCKET_BAD
        }
        let kind = target.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        let socket = socket(target.pointee.family, kind, target.pointee.`protocol`)
        if socket >= 0 { hasOpenedSocket = true }
        return socket
    }

    private static func numericAddress(_ target: UnsafeMutablePointer<curl_sockaddr>) -> IPAddress? {
        guard let start = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        let address = UnsafeRawPointer(target) + start
        func bytes(at offset: Int?, count: Int) -> IPAddress? {
            offset.flatMap { IPAddress(bytes: Array(UnsafeRawBufferPointer(start: address + $0, count: count))) }
        }
        return switch target.pointee.family {
        case AF_INET: bytes(at: MemoryLayout<sockaddr_in>.offset(of: \.sin_addr), count: 4)
        case AF_INET6: bytes(at: MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr), count: 16)
        default: nil
        }
    }
}
