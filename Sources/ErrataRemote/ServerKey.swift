import ErrataModels
import Foundation
import Glibc

/// Where the key for a server is; read for each request, so that it can be changed.
package enum ServerKey: Codable, Hashable, Sendable {
    case none
    /// A file whose one line is the key.
    case file(String)
    /// A variable of this process's environment.
    case variable(String)

    static let byteCountMax = 4_096

    /// Returns the key, nil if there is none to be sent.
    func read(environment: [String: String]) throws(BackendError) -> String? {
        switch self {
        case .none: return nil
        case .file(let path): return try Self.checked(try Self.text(of: path), "the file \(path)")
        case .variable(let name):
            guard let text = environment[name] else {
                throw BackendError(
                    .refused, "the daemon's environment has no variable \(name) with the key",
                    hint: "Start the daemon with it, or give the model a --key-file.")
            }
            return try Self.checked(text, "the variable \(name)")
        }
    }

    private static func checked(
        _ text: String, _ place: String
    ) throws(BackendError) -> String {
        let key = text.hasSuffix("\n") ? String(text.dropLast()) : text
        // What a header's value may hold: nothing that could begin another header.
        guard (1...byteCountMax).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw BackendError(
                .refused, "\(place) holds no key: it must be one line of visible ASCII")
        }
        return key
    }

    private static func text(of path: String) throws(BackendError) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable(path, errno) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: byteCountMax + 2)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw unreadable(path, errno) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private static func unreadable(_ path: String, _ code: CInt) -> BackendError {
        BackendError(
            .refused, "cannot read the key file \(path): \(String(cString: strerror(code)))",
            hint: "The daemon reads it: it must be open to the daemon's user.")
    }
}
