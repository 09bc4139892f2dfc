import ErrataJournal
import ErrataModels
package import ErrataRemote
import Foundation

/// A language model of this daemon: what asks call it, and where it is.
package struct LanguageModelSource: Codable, Equatable, Sendable {
    /// Where a model is.
    package enum Place: Codable, Equatable, Sendable {
        /// In the program.
        case embedded
        /// A Hugging Face directory, with LoRA adapters to merge.
        case checkpoint(directory: String, adapters: [String], isInt8: Bool)
        /// A server with OpenAI's interface, and what it calls the model.
        case server(address: String, model: String, key: ServerKey)
    }

    package static let nameBytesMax = 48
    package static let adapterCountMax = 8
    package static let serverModelBytesMax = 256
    private static let reserved: Set<String> = ["lookup", "reader", "model"]

    /// The small decoder that every daemon has.
    package static let embedded = LanguageModelSource(name: EmbeddedDecoder.name, place: .embedded)

    package let name: String
    package let place: Place

    package init(name: String, place: Place) {
        self.name = name
        self.place = place
    }

    /// Whether this machine computes.
    package var isLocal: Bool {
        switch place {
        case .embedded, .checkpoint: true
        case .server: false
        }
    }

    /// Throws unless the name can stand in a registration and the place could be one.
    func check() throws(ServiceError) {
        let isPlain = name.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || [0x2d, 0x5f].contains($0)
        }
        guard (1...Self.nameBytesMax).contains(name.utf8.count), isPlain,
            !Self.reserved.contains(name), GenerationMethod(rawValue: name) == nil
        else {
            throw ServiceError(
                .invalidName, "that cannot name a language model",
                hint:
                    "Names have 1 to \(Self.nameBytesMax) of a-z 0-9 _ and -, and are no answerer's."
            )
        }
        switch place {
        case .embedded: break
        case .checkpoint(_, let adapters, _):
            guard adapters.count <= Self.adapterCountMax else {
                throw ServiceError(
                    .limitExceeded,
                    "\(adapters.count) adapters are more than \(Self.adapterCountMax)")
            }
            guard paths.allSatisfy({ $0.hasPrefix("/") }) else { throw Self.relativePath }
        case .server(let address, let model, let key):
            do { _ = try ServerAddress(address) } catch {
                throw ServiceError(.invalidRequest, error.message, hint: error.hint)
            }
            guard (1...Self.serverModelBytesMax).contains(model.utf8.count) else {
                throw ServiceError(
                    .invalidRequest,
                    "the server's name for the model has 1 to \(Self.serverModelBytesMax) bytes")
            }
            if case .file(let path) = key, !path.hasPrefix("/") { throw Self.relativePath }
        }
    }

    private static let relativePath = ServiceError(
        .invalidRequest, "paths must be absolute: the daemon runs in a directory of its own")

    private var paths: [String] {
        guard case .checkpoint(let directory, let adapters, _) = place else { return [] }
        return [directory] + adapters
    }

    /// The least memory that it takes, as far as that can be told before it is loaded.
    func byteCountMin() throws(ModelError) -> Int {
        if case .embedded = place { return EmbeddedDecoder.weightByteCount }
        guard case .checkpoint(let directory, _, let isInt8) = place else { return 0 }
        let count = try CheckpointFiles.weightByteCount(in: directory)
        // Weights in 8 bits take a quarter of float32, and nothing less than that.
        return isInt8 ? count / 4 : count
    }

    /// Loads the model, or makes ready to call its server; takes as long as that takes.
    func open(threads: Int) throws -> any ChatBackend {
        switch place {
        case .embedded: return try CheckpointBackend.embedded(threads: threads)
        case .checkpoint(let directory, let adapters, let isInt8):
            return try CheckpointBackend(
                directory: directory, adapters: adapters, precision: isInt8 ? .int8 : .float32,
                threads: threads)
        case .server(let address, let model, let key):
            return ChatServer(address: try ServerAddress(address), model: model, key: key)
        }
    }

    /// Of the weights; nil of a server's.
    var precision: String? {
        switch place {
        case .embedded: Linear.Precision.float32.rawValue
        case .checkpoint(_, _, let isInt8): (isInt8 ? Linear.Precision.int8 : .float32).rawValue
        case .server: nil
        }
    }
}

/// `models.json` in the data directory: which language models there are, and where.
///
/// It is configuration of this machine, and no part of the journal: another machine has other paths. A backup
/// takes it along. Who deletes it has to add the models again; receipts and registrations stay what they are.
struct LanguageModelFile {
    static let modelCountMax = 100
    private static let byteCountMax = StoreDraft.settingsByteCountMax
    private static let version = 1

    private struct Content: Codable {
        let version: Int
        let models: [LanguageModelSource]
    }

    let path: String

    /// Returns the models by name; none if there is no file.
    func read() throws(ServiceError) -> [String: LanguageModelSource] {
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        guard let data = FileManager.default.contents(atPath: path),
            data.count <= Self.byteCountMax,
            let content = try? JSONDecoder().decode(Content.self, from: data),
            content.version == Self.version, content.models.count <= Self.modelCountMax
        else {
            throw ServiceError(
                .corrupt, "\(path) is no list of language models",
                hint: "Mend it, or move it away and add the models again.")
        }
        for model in content.models { try model.check() }
        return Dictionary(content.models.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Writes all models; after a crash the file is the old one or the new one.
    func write(_ models: [String: LanguageModelSource]) throws(ServiceError) {
        let sorted = models.values.sorted { $0.name < $1.name }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            let data = try encoder.encode(Content(version: Self.version, models: sorted))
            let new = path + ".new"
            try data.write(to: URL(filePath: new))
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: new)
            let handle = try FileHandle(forWritingTo: URL(filePath: new))
            try handle.synchronize()
            try handle.close()
            guard rename(new, path) == 0 else {
                throw CocoaError(.fileWriteUnknown)
            }
        } catch {
            throw ServiceError(.io, "cannot write \(path): \(error.localizedDescription)")
        }
    }
}
