package import ErrataModels
import Foundation

/// Where a model server listens: `http://HOST[:PORT][/BASE]`, or `unix:PATH`.
///
/// The base is `/v1` unless the address says another one.
package struct ServerAddress: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        case host(String, port: Int)
        case unixSocket(String)
    }

    static let textBytesMax = 1_024
    /// What a socket's name can be on Linux (unix(7)).
    static let socketPathBytesMax = 107

    let place: Place
    /// Begins with a slash and does not end with one.
    let base: String
    /// As the user wrote it.
    package let text: String

    package init(_ text: String) throws(ModelError) {
        guard text.utf8.count <= Self.textBytesMax,
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw Self.invalid("it has white space, or more than \(Self.textBytesMax) bytes") }
        self.text = text
        if text.hasPrefix("unix:") {
            place = try Self.socket(String(text.dropFirst(5)))
            base = "/v1"
        } else {
            (place, base) = try Self.host(text)
        }
    }

    private static func socket(_ path: String) throws(ModelError) -> Place {
        guard path.hasPrefix("/"), path.utf8.count <= socketPathBytesMax else {
            throw invalid("a socket is an absolute path of at most \(socketPathBytesMax) bytes")
        }
        return .unixSocket(path)
    }

    private static func host(_ text: String) throws(ModelError) -> (Place, String) {
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased() else {
            throw invalid("it is no URL")
        }
        guard scheme != "https" else {
            throw ModelError(
                .unsupported, "https is not built in: '\(text)'",
                hint: "Put a proxy on this machine that speaks TLS to the server, and add its "
                    + "http://localhost address or Unix socket.")
        }
        guard scheme == "http" else { throw invalid("the scheme is '\(scheme)'") }
        guard url.user == nil, url.password == nil, url.query == nil, url.fragment == nil else {
            throw invalid("it holds a user, a query or a fragment")
        }
        guard let host = url.host, !host.isEmpty, (1...65_535).contains(url.port ?? 80) else {
            throw invalid("it names no host and port")
        }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        var base = url.percentEncodedPath
        while base.hasSuffix("/") { base.removeLast() }
        return (.host(bare, port: url.port ?? 80), base.isEmpty ? "/v1" : base)
    }

    private static func invalid(_ why: String) -> ModelError {
        ModelError(
            .malformed, "that is no address of a server: \(why)",
            hint: "Write http://localhost:8000 or unix:/run/llama.sock; keys go into --key-file.")
    }

    /// What the `Host` field says (RFC 9110, section 7.2).
    var hostField: String {
        switch place {
        case .unixSocket: "localhost"
        case .host(let host, let port):
            (host.contains(":") ? "[\(host)]" : host) + (port == 80 ? "" : ":\(port)")
        }
    }
}
