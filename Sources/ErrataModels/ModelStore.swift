import Foundation

/// The directory where pulled models live, one directory each.
///
/// A model's directory appears complete or not at all: it is put together under a hidden name in the
/// same file system, synced, and renamed.
package enum ModelStore {
    /// A model in the store.
    package struct InstalledModel: Equatable, Sendable {
        package let name: String
        package let directory: String
    }

    /// Returns `$XDG_DATA_HOME/errata/models`, by default `~/.local/share/errata/models`.
    package static func directory(environment: [String: String]) throws(ModelError) -> String {
        // The XDG rules: a relative path is to be ignored.
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            return data + "/errata/models"
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw ModelError(
                .unavailable, "neither XDG_DATA_HOME nor HOME is an absolute path",
                hint: "Set XDG_DATA_HOME to the directory that should hold models.")
        }
        return home + "/.local/share/errata/models"
    }

    /// Returns the models in a store directory, by name; none if it does not exist.
    package static func installed(in store: String) -> [InstalledModel] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: store)) ?? []
        return names.sorted().compactMap { name in
            let directory = store + "/" + name
            guard !name.hasPrefix("."),
                FileManager.default.fileExists(atPath: directory + "/config.json")
            else { return nil }
            return InstalledModel(name: name, directory: directory)
        }
    }

    /// Throws unless a directory holds exactly the bytes of the package that it is named after.
    package static func check(directory: String) throws {
        let name = directory.split(separator: "/").last.map(String.init) ?? directory
        try check(directory: directory, against: try ModelPackage.named(name))
    }

    /// Throws unless every file of a package is there with its hash.
    package static func check(directory: String, against package: ModelPackage) throws {
        for file in package.files {
            try Task.checkCancellation()
            try check(
                directory: directory, path: file.path, byteCount: file.byteCount,
                sha256: file.sha256)
        }
    }

    static func check(
        directory: String, path: String, byteCount: Int, sha256: String
    ) throws(ModelError) {
        let file = try MappedFile(directory: directory, name: path, byteCountMax: Int.max)
        guard file.byteCount == byteCount else {
            throw ModelError(
                .mismatch, "\(path) has \(file.byteCount) bytes, expected \(byteCount)",
                hint: "Pull the model again.")
        }
        let actual = file.sha256
        guard actual == sha256 else {
            throw ModelError(
                .mismatch, "\(path) has SHA-256 \(actual), expected \(sha256)",
                hint: "Pull the model again.")
        }
    }
}
