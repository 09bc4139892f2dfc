import Crypto
import ErrataModels
import Foundation
import Testing

@Suite("A language model's identity")
struct ModelIdentityTests {
    private let modelFiles = [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
    ]
    private let adapterFiles = ["adapter_config.json", "adapter_model.safetensors"]
    private let adapter = decoderFixtures + "/llama-lora"

    private func identity(
        _ directory: String, precision: Linear.Precision = .float32, merging: [String] = []
    ) throws -> [UInt8] {
        try LanguageModel(
            directory: directory, precision: precision, threads: 1, mergingAdapters: merging
        ).identity.digest()
    }

    /// One part as the description of ``ModelIdentity`` has it.
    private func part(_ name: String, _ directory: String, _ files: [String]) throws -> [UInt8] {
        func number(_ number: Int) -> [UInt8] {
            (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        func text(_ text: String) -> [UInt8] { number(text.utf8.count) + Array(text.utf8) }
        var bytes = text(name) + number(files.count)
        for file in files.sorted() {
            let content = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + file))
            bytes += text(file) + number(content.count) + Array(SHA256.hash(data: content))
        }
        return bytes
    }

    private func hash(_ parts: [[UInt8]], _ precision: String = "float32") -> [UInt8] {
        Array(
            SHA256.hash(data: Array("errata decoder 1 \(precision)\n".utf8) + parts.joined()))
    }

    @Test("is the documented hash over the files, the precision and the adapters")
    func documented() async throws {
        try await withTinyLanguageModel { directory, _ in
            let model = try part("model", directory, modelFiles)
            let merged = try part("merged", adapter, adapterFiles)
            let applied = try part("applied", adapter, adapterFiles)
            #expect(try identity(directory) == hash([model]))
            #expect(try identity(directory, precision: .int8) == hash([model], "int8"))
            #expect(try identity(directory, merging: [adapter]) == hash([model, merged]))
            let loaded = try LanguageModel(directory: directory, threads: 1)
            let update = try LoraAdapter(
                directory: adapter, base: loaded.decoder.configuration, kernels: .current)
            #expect(try loaded.identity.applying(update).digest() == hash([model, applied]))
        }
    }

    @Test("follows every file and no name of a directory")
    func files() async throws {
        try await withTinyLanguageModel { directory, _ in
            let first = try identity(directory)
            try await withTemporaryDirectory { other in
                try FileManager.default.copyItem(atPath: directory, toPath: other + "/copy")
                let same = try identity(other + "/copy")
                #expect(same == first)
            }
            var seen: Set<[UInt8]> = [first]
            try Data("{\"bos_token\": null}".utf8)
                .write(to: URL(filePath: directory + "/tokenizer_config.json"))
            #expect(seen.insert(try identity(directory)).inserted)
            try Data("{{ messages }}".utf8)
                .write(to: URL(filePath: directory + "/chat_template.jinja"))
            #expect(seen.insert(try identity(directory)).inserted)
            for name in ["config.json", "generation_config.json", "tokenizer.json"] {
                let url = URL(filePath: directory + "/" + name)
                try (try Data(contentsOf: url) + Data("\n".utf8)).write(to: url)
                #expect(seen.insert(try identity(directory)).inserted, "\(name)")
            }
            let weights = URL(filePath: directory + "/model.safetensors")
            var bytes = try Data(contentsOf: weights)
            bytes[bytes.count - 4] ^= 1
            try bytes.write(to: weights)
            #expect(seen.insert(try identity(directory)).inserted)
        }
    }

    @Test(
        "is refused for files that were written after they were loaded, and known if it was asked for"
    )
    func changed() async throws {
        try await withTinyLanguageModel { directory, _ in
            let model = try LanguageModel(directory: directory, threads: 1)
            let other = try LanguageModel(directory: directory, precision: .int8, threads: 1)
            let config = URL(filePath: directory + "/config.json")
            let bytes = try Data(contentsOf: config)
            try FileManager.default.removeItem(at: config)
            try bytes.write(to: config)
            let error = try modelError { _ = try model.identity.digest() }
            #expect(error.message == "\(config.path) has changed since it was loaded")

            let again = try LanguageModel(directory: directory, threads: 1)
            let digest = try again.identity.digest()
            try bytes.write(to: config)
            #expect(try again.identity.digest() == digest)
            #expect(throws: ModelError.self) { try other.identity.digest() }
        }
    }

    @Test("is not made to the end if that is cancelled")
    func cancelled() async throws {
        try await withTinyLanguageModel { directory, _ in
            let model = try LanguageModel(directory: directory, threads: 1)
            #expect(throws: CancellationError.self) {
                try model.identity.digest(isCancelled: { true })
            }
        }
    }
}
