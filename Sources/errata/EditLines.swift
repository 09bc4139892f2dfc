import ErrataAPI
import Foundation
import Glibc

/// Reads the facts and edits of a file of JSON lines.
enum EditLines {
    /// What `POST /v1/commits` takes at most; larger files are for `errata import`.
    private static let byteCountMax = 8 << 20

    /// Reads `path`, or standard input for `-`.
    static func read(path: String) throws -> [EditRequest] {
        let data = try bytes(of: path)
        var edits: [EditRequest] = []
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let isBlank = line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
            guard !isBlank else { continue }
            switch edit(Data(line)) {
            case .success(let edit): edits.append(edit)
            case .failure(let error):
                throw Failure(
                    "\(name(of: path)) line \(index + 1): \(error.message)", hint: error.hint)
            }
        }
        guard !edits.isEmpty else { throw Failure("\(name(of: path)) holds no facts") }
        return edits
    }

    private static func edit(_ line: Data) -> Result<EditRequest, RequestError> {
        let hasOperation = (try? JSONDecoder().decode(Probe.self, from: line))?.op != nil
        do throws(RequestError) {
            guard hasOperation else {
                return .success(.assert(try JSONCoding.decodeRequest(FactBody.self, from: line)))
            }
            return .success(try JSONCoding.decodeRequest(EditRequest.self, from: line))
        } catch { return .failure(error) }
    }

    private struct Probe: Decodable {
        let op: String?
    }

    /// Reads a file, or standard input for `-`, whole.
    static func bytes(of path: String) throws -> Data {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw Failure("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        defer { if file != STDIN_FILENO { close(file) } }
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return data }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Failure("cannot read \(path): \(String(cString: strerror(errno)))")
            }
            data.append(contentsOf: buffer.prefix(count))
            guard data.count <= byteCountMax else {
                throw Failure(
                    "\(name(of: path)) has more than \(byteText(byteCountMax))",
                    hint: "Use 'errata import' for large files.")
            }
        }
    }

    private static func name(of path: String) -> String { path == "-" ? "standard input" : path }
}
