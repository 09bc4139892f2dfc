import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataService
import ErrataTesting
import Foundation
import Testing

@Suite("the language models of a daemon")
struct LanguageModelRoutesTests {
    private static func withDefault(_ configuration: inout KnowledgeBase.Configuration) {
        configuration.languageModel = "tiny"
    }

    private static func memory(_ byteCount: Int) -> (inout KnowledgeBase.Configuration) -> Void {
        { $0.modelMemoryBytesMax = byteCount }
    }

    @Test("are loaded when they are added, listed, registered in the journal, and removed")
    func life() async throws {
        try await TestDaemon.run { daemon in
            let tiny = try TinyModel(in: daemon.directory)
            try await daemon.call { client in
                let added = try client.add(
                    LanguageModelBody(name: "tiny", directory: tiny.directory, int8: true))
                #expect(added.map(\.model.name) == ["decoder", "tiny"])
                #expect(added[1].isLoaded)
                let bytes = try #require(added[1].bytes)
                #expect(bytes > 0)
                #expect(try client.languageModels.bytes == bytes)
                let operations = try client.get("/v1/operations", as: OperationsReply.self)
                let names = operations.operations.filter { $0.type == "model" }.map(\.name)
                #expect(names == ["tiny.errata", "tiny.lte", "lookup"])
                // Who added it registered it, and not the daemon.
                #expect(operations.operations.first?.actor.socket != nil)
                let removed = try client.delete(
                    "/v1/language-models", [("name", "tiny")], as: LanguageModelsReply.self)
                #expect(removed.models.map(\.model.name) == ["decoder"])
                let problem = #expect(throws: Problem.self) {
                    try client.ask(.tiny(Knowledge.about))
                }
                #expect(problem?.code == "unknown_model")
                #expect(try client.languageModels.bytes == 0)
                // The same files are the same model: it needs no new registration.
                _ = try client.add(
                    LanguageModelBody(name: "tiny", directory: tiny.directory, int8: true))
                let again = try client.get("/v1/operations", as: OperationsReply.self)
                #expect(again.operations.count == operations.operations.count)
            }
        }
    }

    @Test("are there again after a restart, loaded when they are asked, and registered if changed")
    func restart() async throws {
        let directory = try TemporaryDirectory()
        let tiny = try TinyModel(in: directory)
        let before = try await TestDaemon.run(in: directory) { daemon in
            try await daemon.call { client in
                _ = try client.commit(Knowledge.capital)
                _ = try client.add(LanguageModelBody(name: "tiny", directory: tiny.directory))
                return try client.ask(.tiny(Knowledge.about))
            }
        }
        try await TestDaemon.run(
            in: directory, knowing: Self.withDefault
        ) { daemon in
            try await daemon.call { client in
                #expect(try client.languageModels.models == 2)
                #expect(try client.languageModels.loaded == 0)
                #expect(
                    try client.get("/v1/status", as: StatusReply.self).answerer == "tiny.errata")
                // It is the default now.
                let reply = try client.ask(AskRequest(question: Knowledge.about, maxTokens: 24))
                #expect(reply.receipt == before.receipt)
                #expect(try client.languageModels.loaded == 1)
            }
        }
        try Data("{\"eos_token_id\": 5}".utf8)
            .write(to: URL(filePath: tiny.directory + "/generation_config.json"))
        try await TestDaemon.run(in: directory) { daemon in
            try await daemon.call { client in
                let reply = try client.ask(.tiny(Knowledge.about))
                #expect(reply.record.model.hash != before.record.model.hash)
                let problem = #expect(throws: Problem.self) {
                    try client.ask(
                        AskRequest(question: Knowledge.about, model: before.record.model.hash))
                }
                #expect(problem?.code == "unknown_model")
                #expect(problem?.detail == "'tiny' is not what it was under that hash")
            }
        }
    }

    @Test("leave the memory when others need it, and come back when they are asked")
    func memory() async throws {
        // The weights of one take 121 kB.
        try await TestDaemon.run(knowing: Self.memory(200_000)) { daemon in
            let one = try TinyModel(in: daemon.directory, "one")
            let two = try TinyModel(in: daemon.directory, "two")
            try await daemon.call { client in
                _ = try client.add(LanguageModelBody(name: "tiny", directory: one.directory))
                let first = try client.ask(.tiny(Knowledge.unrelated))
                let both = try client.add(
                    LanguageModelBody(name: "two", directory: two.directory))
                #expect(both.map(\.isLoaded) == [false, false, true])
                #expect(try client.languageModels.bytes < 200_000)
                #expect(try client.ask(.tiny(Knowledge.unrelated)).receipt == first.receipt)
                let now = try client.get("/v1/language-models", as: LanguageModelsReply.self)
                #expect(now.models.map(\.isLoaded) == [false, true, false])
                let metrics = String(
                    decoding: try client.data(of: Request(method: "GET", path: "/metrics")),
                    as: UTF8.self)
                #expect(metrics.contains("\nerrata_language_models_loaded 1\n"))
                #expect(metrics.contains("\nerrata_language_model_loads_total 3\n"))
                #expect(metrics.contains("\nerrata_language_model_unloads_total 2\n"))
                #expect(metrics.contains("\nerrata_language_model_tokens_total 48\n"))
            }
        }
        try await TestDaemon.run(knowing: Self.memory(100_000)) { daemon in
            let tiny = try TinyModel(in: daemon.directory)
            try await daemon.call { client in
                let problem = #expect(throws: Problem.self) {
                    try client.add(LanguageModelBody(name: "tiny", directory: tiny.directory))
                }
                #expect(problem?.code == "limit_exceeded")
                let count = try client.languageModels.models
                #expect(count == 1)
            }
        }
    }

    @Test(
        "have a small decoder with them that answers from the facts in scope, and has none of its own"
    )
    func embedded() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                _ = try client.commit(Knowledge.capital)
                _ = try client.commit(Knowledge.chief)
                let reply = try client.ask(
                    AskRequest(question: Knowledge.about, answerer: "errata"))
                #expect(reply.answer == "Paris")
                #expect(reply.record.model.name == "decoder.errata")
                let chief = try client.ask(
                    AskRequest(question: "Who is the CEO of Twitter?", model: "decoder"))
                #expect(chief.answer == "Linda Yaccarino")
                let none = try client.ask(
                    AskRequest(question: Knowledge.unrelated, model: "decoder"))
                #expect(none.answer == nil)
                let problem = #expect(throws: Problem.self) {
                    try client.delete(
                        "/v1/language-models", [("name", "decoder")], as: LanguageModelsReply.self)
                }
                #expect(problem?.code == "invalid_request")
            }
        }
    }

    @Test("are refused where they cannot be any, and then not kept")
    func refused() async throws {
        try await TestDaemon.run { daemon in
            let tiny = try TinyModel(in: daemon.directory)
            let broken = try TinyModel(in: daemon.directory, "broken")
            try Data("{".utf8).write(to: URL(filePath: broken.directory + "/tokenizer.json"))
            try await daemon.call { client in
                _ = try client.add(LanguageModelBody(name: "tiny", directory: tiny.directory))
                let path = tiny.directory
                let cases: [(LanguageModelBody, String)] = [
                    (.init(name: "tiny", directory: path), "model_exists"),
                    (.init(name: "", directory: path), "invalid_name"),
                    (.init(name: "lookup", directory: path), "invalid_name"),
                    (.init(name: "lte", directory: path), "invalid_name"),
                    (.init(name: "Tiny", directory: path), "invalid_name"),
                    (.init(name: "decoder", directory: path), "model_exists"),
                    (.init(name: "a.b", directory: path), "invalid_name"),
                    (
                        .init(name: String(repeating: "a", count: 49), directory: path),
                        "invalid_name"
                    ),
                    (.init(name: "a"), "invalid_request"),
                    (.init(name: "a", directory: path, url: "http://a"), "invalid_request"),
                    (.init(name: "a", directory: path, keyFile: "/k"), "invalid_request"),
                    (.init(name: "a", directory: "tiny"), "invalid_request"),
                    (.init(name: "a", directory: "/nonexistent"), "model_unusable"),
                    (.init(name: "a", directory: broken.directory), "model_unusable"),
                    (.init(name: "a", directory: path, adapters: [path]), "model_unusable"),
                    (
                        .init(
                            name: "a", directory: path,
                            adapters: [String](repeating: path, count: 9)), "limit_exceeded"
                    ),
                    (.init(name: "a", int8: true, url: "http://a"), "invalid_request"),
                    (.init(name: "a", url: "https://a"), "invalid_request"),
                    (.init(name: "a", url: "http://me:secret@a"), "invalid_request"),
                    (.init(name: "a", url: "http://a", serverModel: ""), "invalid_request"),
                    (.init(name: "a", url: "http://a", keyFile: "key"), "invalid_request"),
                    (
                        .init(name: "a", url: "http://a", keyFile: "/k", keyVariable: "K"),
                        "invalid_request"
                    ),
                ]
                for (body, code) in cases {
                    let problem = #expect(throws: Problem.self, "\(body)") {
                        try client.add(body)
                    }
                    #expect(problem?.code == code, "\(body)")
                }
                #expect(
                    try client.get("/v1/language-models", as: LanguageModelsReply.self)
                        .models.map(\.model.name) == ["decoder", "tiny"])
                let gone = #expect(throws: Problem.self) {
                    try client.delete(
                        "/v1/language-models", [("name", "a")], as: LanguageModelsReply.self)
                }
                #expect(gone?.code == "unknown_model")
            }
        }
    }
}
