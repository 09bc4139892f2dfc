import Foundation

/// A hidden directory in which something is put together that is then renamed.
enum WorkDirectory {
    /// Makes one under `parent`, which is made too, after removing those of processes that are gone.
    static func make(in parent: String, purpose: String) throws -> String {
        let files = FileManager.default
        do {
            try files.createDirectory(atPath: parent, withIntermediateDirectories: true)
        } catch {
            throw ModelError(.unreadable, "cannot make \(parent): \(error.localizedDescription)")
        }
        for name in try files.contentsOfDirectory(atPath: parent)
        where name.hasPrefix(".\(purpose)-") {
            let parts = name.split(separator: "-")
            guard parts.count == 3, let process = pid_t(parts[1]), process > 0,
                kill(process, 0) != 0, errno == ESRCH
            else { continue }
            try? files.removeItem(atPath: parent + "/" + name)
        }
        var template = Array("\(parent)/.\(purpose)-\(getpid())-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ModelError(
                .unreadable,
                "cannot make a directory in \(parent): \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
