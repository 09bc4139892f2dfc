/// A language model of the daemon: a directory, or a server.
package struct LanguageModelBody: Codable, Equatable, Sendable {
    /// What asks call it.
    package var name: String
    /// Of a Hugging Face checkpoint, absolute.
    package var directory: String?
    /// Directories of LoRA adapters to merge into the checkpoint.
    package var adapters: [String]?
    /// Whether the checkpoint's weights are held in 8 bits.
    package var int8: Bool?
    /// Of a server with OpenAI's interface: `http://HOST:PORT` or `unix:PATH`.
    package var url: String?
    /// What the server calls the model; the name if absent.
    package var serverModel: String?
    /// A file whose one line is the key for the server; the daemon reads it for each request.
    package var keyFile: String?
    /// A variable of the daemon's environment that has the key.
    package var keyVariable: String?

    package init(
        name: String, directory: String? = nil, adapters: [String]? = nil, int8: Bool? = nil,
        url: String? = nil, serverModel: String? = nil, keyFile: String? = nil,
        keyVariable: String? = nil
    ) {
        self.name = name
        self.directory = directory
        self.adapters = adapters
        self.int8 = int8
        self.url = url
        self.serverModel = serverModel
        self.keyFile = keyFile
        self.keyVariable = keyVariable
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case name
        case directory
        case adapters
        case int8
        case url
        case serverModel
        case keyFile
        case keyVariable
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.strictContainer(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        directory = try fields.decodeIfPresent(String.self, forKey: .directory)
        adapters = try fields.decodeIfPresent([String].self, forKey: .adapters)
        int8 = try fields.decodeIfPresent(Bool.self, forKey: .int8)
        url = try fields.decodeIfPresent(String.self, forKey: .url)
        serverModel = try fields.decodeIfPresent(String.self, forKey: .serverModel)
        keyFile = try fields.decodeIfPresent(String.self, forKey: .keyFile)
        keyVariable = try fields.decodeIfPresent(String.self, forKey: .keyVariable)
    }
}

/// A language model as it is now.
package struct LanguageModelRecord: Codable, Equatable, Sendable {
    package let model: LanguageModelBody
    package let isLoaded: Bool
    /// What its weights take in memory, while it is loaded.
    package let bytes: Int?
    /// SHA-256, in hex, over its files, or over its server's address and name for it; while it is loaded.
    package let hash: String?

    package init(model: LanguageModelBody, isLoaded: Bool, bytes: Int?, hash: String?) {
        self.model = model
        self.isLoaded = isLoaded
        self.bytes = bytes
        self.hash = hash
    }
}

/// `GET /v1/language-models`, by name; the others answer with what there is then.
package struct LanguageModelsReply: Codable, Equatable, Sendable {
    package let models: [LanguageModelRecord]

    package init(models: [LanguageModelRecord]) { self.models = models }
}

/// What the language models do, in `GET /v1/status`.
package struct LanguageModelStatus: Codable, Equatable, Sendable {
    package let models: Int
    package let loaded: Int
    /// What the weights of the loaded ones take.
    package let bytes: Int
    package let bytesMax: Int
    /// Answers that are being generated, and those that wait for that.
    package let running: Int
    package let waiting: Int
    /// Since the daemon started.
    package let tokens: Int
    package let seconds: Double

    package init(
        models: Int, loaded: Int, bytes: Int, bytesMax: Int, running: Int, waiting: Int,
        tokens: Int, seconds: Double
    ) {
        self.models = models
        self.loaded = loaded
        self.bytes = bytes
        self.bytesMax = bytesMax
        self.running = running
        self.waiting = waiting
        self.tokens = tokens
        self.seconds = seconds
    }
}
