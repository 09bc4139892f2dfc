import Foundation

/// The most memory that this process has held at once since it last asked to count anew.
enum PeakMemory {
    /// Begins to count from what is held now; false where the system does not let it.
    static func reset() -> Bool {
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else {
            return false
        }
        defer { try? file.close() }
        // Linux, proc(5): 5 sets the peak of the resident set to what it is now.
        return (try? file.write(contentsOf: Data("5".utf8))) != nil
    }

    /// Bytes, nil where the system does not tell.
    static var byteCount: Int? {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        return status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
    }
}
