/// A request as far as it matters here: every other header is ignored.
package struct HTTPRequest: Sendable, Equatable {
    /// `GET` or `HEAD`; others are refused before anybody sees them.
    package var isHead: Bool
    /// The path without its query.
    package var path: String

    /// A request for a path.
    package init(isHead: Bool, path: String) {
        self.isHead = isHead
        self.path = path
    }
}

/// An answer; its headers say how long it is, that the connection ends, and that nobody keeps it.
package struct HTTPResponse: Sendable, Equatable {
    /// The status code and its phrase.
    package var status: Status
    /// `Content-Type`.
    package var contentType: String
    /// Further headers.
    package var headers: [(name: String, value: String)] = []
    /// The body; left out of an answer to `HEAD`.
    package var body: [UInt8]

    /// The few codes that are needed.
    package enum Status: Int, Sendable {
        case ok = 200
        case badRequest = 400
        case notFound = 404
        case methodNotAllowed = 405
        case contentTooLarge = 413
        case headTooLarge = 431
        case unavailable = 503
        case versionNotSupported = 505

        var phrase: String {
            switch self {
            case .ok: "OK"
            case .badRequest: "Bad Request"
            case .notFound: "Not Found"
            case .methodNotAllowed: "Method Not Allowed"
            case .contentTooLarge: "Content Too Large"
            case .headTooLarge: "Request Header Fields Too Large"
            case .unavailable: "Service Unavailable"
            case .versionNotSupported: "HTTP Version Not Supported"
            }
        }
    }

    /// An answer with a text as its body.
    package init(
        _ status: Status, _ text: String, contentType: String = "text/plain; charset=utf-8"
    ) {
        self.status = status
        self.contentType = contentType
        body = Array(text.utf8)
    }

    /// The bytes to send.
    package func encoded(isHead: Bool) -> [UInt8] {
        var lines = [
            "HTTP/1.1 \(status.rawValue) \(status.phrase)", "Content-Type: \(contentType)",
            "Content-Length: \(body.count)", "Connection: close", "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
        ]
        for header in headers { lines.append("\(header.name): \(header.value)") }
        let head = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        return isHead ? head : head + body
    }

    package static func == (left: HTTPResponse, right: HTTPResponse) -> Bool {
        left.status == right.status && left.contentType == right.contentType
            && left.body == right.body && left.headers.elementsEqual(right.headers, by: ==)
    }
}

/// What has come of a request so far.
package enum HTTPReading: Sendable, Equatable {
    /// Its head is not complete.
    case incomplete
    /// A request that may be answered.
    case request(HTTPRequest)
    /// It cannot be answered but with this.
    case refused(HTTPResponse)

    /// Reads the head of a request from the bytes that have come (RFC 9112).
    ///
    /// - Parameter limit: the most bytes that a head may have; whatever comes behind it is of no
    ///   interest, for neither method has a body.
    package static func read(_ bytes: [UInt8], limit: Int) -> HTTPReading {
        guard let end = endOfHead(bytes) else {
            guard bytes.count >= limit else { return .incomplete }
            return .refused(HTTPResponse(.headTooLarge, "the request is too long\n"))
        }
        guard end <= limit else {
            return .refused(HTTPResponse(.headTooLarge, "the request is too long\n"))
        }
        let lines = bytes[..<end].split(separator: 0x0a, omittingEmptySubsequences: true)
            .map { $0.last == 0x0d ? $0.dropLast() : $0 }
        let words = (lines.first ?? []).split(
            separator: 0x20, omittingEmptySubsequences: false
        ).map { String(decoding: $0, as: UTF8.self) }
        guard words.count == 3, words[1].hasPrefix("/") else {
            return .refused(HTTPResponse(.badRequest, "not an HTTP request\n"))
        }
        guard words[2].hasPrefix("HTTP/1.") else {
            return .refused(HTTPResponse(.versionNotSupported, "HTTP/1.1 only\n"))
        }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            var response = HTTPResponse(.methodNotAllowed, "GET and HEAD only\n")
            response.headers = [("Allow", "GET, HEAD")]
            return .refused(response)
        }
        if hasBody(lines.dropFirst()) {
            return .refused(HTTPResponse(.contentTooLarge, "no body is taken\n"))
        }
        let path = words[1].prefix { $0 != "?" }
        return .request(HTTPRequest(isHead: words[0] == "HEAD", path: String(path)))
    }

    /// Behind the empty line.
    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        var isEmpty = false
        for place in bytes.indices {
            switch bytes[place] {
            case 0x0a:
                if isEmpty { return place + 1 }
                isEmpty = true
            case 0x0d: break
            default: isEmpty = false
            }
        }
        return nil
    }

    private static func hasBody(_ headers: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        headers.contains { line in
            let parts = line.split(separator: 0x3a, maxSplits: 1)
            guard parts.count == 2 else { return false }
            let name = String(decoding: parts[0], as: UTF8.self).lowercased()
            let value = parts[1].filter { $0 != 0x20 && $0 != 0x09 }
            return name == "transfer-encoding"
                || name == "content-length" && value.contains { $0 != 0x30 }
        }
    }
}
