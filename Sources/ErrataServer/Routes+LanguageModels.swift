import ErrataAPI
import ErrataCore
import ErrataRemote
import ErrataService
import Hummingbird

extension ServerState {
    /// The language models that can answer.
    static var languageModelRoutes: [Route] {
        [
            .get("/v1/language-models", isRecorded: false) { call in
                try .json(LanguageModelsReply(call.knowledge.languageModelsState))
            },
            .post("/v1/language-models", patience: .long, permission: .administer) { call in
                let source = try LanguageModelSource(try await call.decode(LanguageModelBody.self))
                return try await call.long(LanguageModelsReply.self) { progress in
                    try await call.knowledge.addLanguageModel(source, actor: call.actor) { phase in
                        progress(ProgressRecord(phase: phase, done: 0, total: nil))
                    }
                    return LanguageModelsReply(call.knowledge.languageModelsState)
                }
            },
            .delete(
                "/v1/language-models", parameters: ["name"], permission: .administer
            ) { call in
                try call.knowledge.removeLanguageModel(try call.query.required("name"))
                return try .json(LanguageModelsReply(call.knowledge.languageModelsState))
            },
        ]
    }
}

extension LanguageModelSource {
    /// Throws `invalid_request` unless the body means a directory or a server, and nothing of the other.
    fileprivate init(_ body: LanguageModelBody) throws(ServiceError) {
        switch (body.directory, body.url) {
        case (let directory?, nil):
            guard body.serverModel == nil, body.keyFile == nil, body.keyVariable == nil else {
                throw ServiceError(
                    .invalidRequest, "serverModel, keyFile and keyVariable are for a server")
            }
            self.init(
                name: body.name,
                place: .checkpoint(
                    directory: directory, adapters: body.adapters ?? [],
                    isInt8: body.int8 ?? false))
        case (nil, let address?):
            guard body.adapters == nil, body.int8 == nil else {
                throw ServiceError(.invalidRequest, "adapters and int8 are for a directory")
            }
            self.init(
                name: body.name,
                place: .server(
                    address: address, model: body.serverModel ?? body.name,
                    key: try Self.key(body)))
        default:
            throw ServiceError(.invalidRequest, "a language model has a directory or a url")
        }
    }

    private static func key(_ body: LanguageModelBody) throws(ServiceError) -> ServerKey {
        switch (body.keyFile, body.keyVariable) {
        case (nil, nil): return .none
        case (let path?, nil): return .file(path)
        case (nil, let name?): return .variable(name)
        default: throw ServiceError(.invalidRequest, "the key is in a file or in a variable")
        }
    }
}

extension LanguageModelBody {
    fileprivate init(_ source: LanguageModelSource) {
        self.init(name: source.name)
        switch source.place {
        case .embedded: break
        case .checkpoint(let directory, let adapters, let isInt8):
            self.directory = directory
            self.adapters = adapters.isEmpty ? nil : adapters
            int8 = isInt8 ? true : nil
        case .server(let address, let model, let key):
            url = address
            serverModel = model
            switch key {
            case .none: break
            case .file(let path): keyFile = path
            case .variable(let name): keyVariable = name
            }
        }
    }
}

extension LanguageModelsReply {
    fileprivate init(_ state: LanguageModelsState) {
        self.init(
            models: state.models.map { model in
                LanguageModelRecord(
                    model: LanguageModelBody(model.source), isLoaded: model.byteCount != nil,
                    bytes: model.byteCount, hash: model.identity.map { Hex.encode($0) })
            })
    }
}

extension LanguageModelStatus {
    init(_ state: LanguageModelsState) {
        self.init(
            models: state.models.count, loaded: state.loadedCount, bytes: state.byteCount,
            bytesMax: state.byteCountMax, running: state.running, waiting: state.waiting,
            tokens: state.tokens, seconds: (state.seconds * 1_000).rounded() / 1_000)
    }
}
