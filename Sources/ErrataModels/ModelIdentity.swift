import Crypto

/// Which language model it is: SHA-256 over everything that decides about its text.
///
///     identity = SHA-256(
///         "errata decoder 1 <precision>\n"
///         part "model"                        config.json, the weights, tokenizer.json, and where they
///                                             are there model.safetensors.index.json,
///                                             generation_config.json, tokenizer_config.json and
///                                             chat_template.jinja
///         part "merged", one an adapter       adapter_config.json, adapter_model.safetensors
///         part "applied", one an adapter)     the same
///     part = its name, number of files, and for each of them, by name: its name, its length, SHA-256 of
///            its bytes
///
/// Names come after their length, numbers are 8 bytes, big-endian. Adapters stand in the order in which
/// they change the weights. The number in the first line rises when our arithmetic gives other bits for the
/// same files; `precision` is what the weights are computed with, "float32" or "int8". Neither threads nor
/// the kernel level are part of it: they leave no trace.
///
/// Made of what was loaded; the bytes are read when the digest is asked for. Digests of files are kept while
/// the process runs, by device, inode, length and times.
package struct ModelIdentity: Sendable {
    private struct Part {
        let name: String
        let files: [SourceFile]
    }

    private let precision: Linear.Precision
    private let parts: [Part]

    init(model: [SourceFile], merged: [[SourceFile]], precision: Linear.Precision) {
        self.precision = precision
        parts =
            [Part(name: "model", files: model)] + merged.map { Part(name: "merged", files: $0) }
    }

    private init(_ precision: Linear.Precision, _ parts: [Part]) {
        self.precision = precision
        self.parts = parts
    }

    /// Returns the identity of the same model with an adapter that is applied while it runs.
    package func applying(_ adapter: LoraAdapter) -> ModelIdentity {
        ModelIdentity(precision, parts + [Part(name: "applied", files: adapter.sources)])
    }

    /// Returns the 32 bytes; the first time it reads all files, about a second a gigabyte.
    ///
    /// Throws if a file has changed since it was loaded, and `CancellationError` if `isCancelled` says so.
    package func digest(isCancelled: () -> Bool = { false }) throws -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Array("errata decoder 1 \(precision.rawValue)\n".utf8))
        func add(_ number: Int) {
            withUnsafeBytes(of: UInt64(number).bigEndian) { hash.update(bufferPointer: $0) }
        }
        func add(_ text: String) {
            add(text.utf8.count)
            hash.update(data: Array(text.utf8))
        }
        for part in parts {
            add(part.name)
            add(part.files.count)
            for file in part.files.sorted(by: {
                $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
            }) {
                let digest = try file.digest(isCancelled: isCancelled)
                add(file.name)
                add(file.byteCount)
                hash.update(data: digest)
            }
        }
        return Array(hash.finalize())
    }
}
