import Foundation

/// Where the daemon keeps its data and listens, if nobody says otherwise.
enum Paths {
    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    private static func variable(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }

    /// `ERRATA_DATA`, else `errata` in the XDG data home.
    static func data(option: String?) -> String {
        if let path = option ?? variable("ERRATA_DATA") { return absolute(path) }
        let home = variable("XDG_DATA_HOME") ?? homeDirectory + "/.local/share"
        return absolute(home + "/errata")
    }

    /// `ERRATA_SOCKET`, else in the XDG runtime directory, else in the data directory.
    ///
    /// A daemon with a data directory of its own listens there.
    static func socket(option: String?, data: String?) -> String {
        if let path = option ?? variable("ERRATA_SOCKET") { return absolute(path) }
        let ownData = data ?? variable("ERRATA_DATA")
        if ownData == nil, let runtime = variable("XDG_RUNTIME_DIR") {
            return absolute(runtime + "/errata/errata.sock")
        }
        return Paths.data(option: data) + "/errata.sock"
    }

    private static var homeDirectory: String { variable("HOME") ?? NSHomeDirectory() }

    static func absolute(_ path: String) -> String {
        let expanded = path.hasPrefix("~/") ? homeDirectory + path.dropFirst(1) : path
        guard !expanded.hasPrefix("/") else { return expanded }
        return FileManager.default.currentDirectoryPath + "/" + expanded
    }
}
