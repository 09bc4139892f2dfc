import ErrataAPI
import ErrataClient
import ErrataCore
import ErrataModels
import ErrataTesting
import Foundation
import Testing

@Suite("answers of a language model")
struct GeneratedAnswerTests {
    /// Runs `body` with a daemon that knows two facts and the model `tiny`.
    private func withTiny(
        adapters: [String] = [],
        _ body: @escaping @Sendable (Client, TinyModel) throws -> Void
    ) async throws {
        try await TestDaemon.run { daemon in
            let tiny = try TinyModel(in: daemon.directory)
            try await daemon.call { client in
                _ = try client.commit(Knowledge.capital, Knowledge.chief)
                _ = try client.add(
                    LanguageModelBody(
                        name: "tiny", directory: tiny.directory,
                        adapters: adapters.isEmpty ? nil : adapters))
                try body(client, tiny)
            }
        }
    }

    /// Waits for an asynchronous computation on a thread that may.
    private func wait<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        try BackgroundWait.run(body)
    }

    @Test("are what the model says after the facts in scope, which they name")
    func filtered() async throws {
        try await withTiny { client, tiny in
            let reply = try client.ask(.tiny(Knowledge.about))
            let prompt = Knowledge.sentence(Knowledge.about, "The capital of France is Paris")
            let expected = try self.wait { try await tiny.text(after: prompt) }
            #expect(!expected.isEmpty)
            #expect(reply.answer == expected)
            #expect(reply.answerer == "errata")
            #expect(reply.record.model.name == "tiny.errata")
            #expect(reply.facts.map(\.statement) == ["The capital of France is Paris"])
            #expect(reply.facts.map(\.answer) == ["Paris"])
            #expect(reply.record.confidence == nil)
            let generation = try #require(reply.record.generation)
            #expect(generation.end == "max_tokens")
            #expect(generation.maxTokens == 24)
            #expect(generation.temperature == nil && generation.seed == nil)
            #expect(generation.promptHash != generation.answerHash)
        }
    }

    @Test("have the same receipt for ever, which holds everything but the text")
    func receipts() async throws {
        try await withTiny { client, _ in
            let reply = try client.ask(.tiny(Knowledge.about))
            #expect(try client.ask(.tiny(Knowledge.about)).receipt == reply.receipt)
            #expect(try client.ask(.tiny(Knowledge.about, maxTokens: 23)).receipt != reply.receipt)
            let receipt = try client.receipt(reply)
            #expect(receipt.record.answer == nil)
            #expect(receipt.record.generation == reply.record.generation)
            #expect(receipt.record.facts == reply.facts)
            #expect(receipt.record.model == reply.record.model)
            #expect(receipt.answerer == "errata")
            // The same version answers as before, whatever came after it.
            let before = reply.commit.hex
            _ = try client.commit(
                FactDraft(subject: "France", relation: "capital", object: "Lyon"))
            let now = try client.ask(.tiny(Knowledge.about))
            #expect(now.facts.map(\.answer) == ["Lyon"])
            #expect(now.answer != reply.answer)
            #expect(try client.ask(.tiny(Knowledge.about, at: before)).receipt == reply.receipt)
        }
    }

    @Test("without a fact in scope are the model's own, and marked so")
    func alone() async throws {
        try await withTiny { client, tiny in
            let reply = try client.ask(.tiny(Knowledge.unrelated))
            let own = try self.wait { try await tiny.text(after: Knowledge.unrelated) }
            #expect(reply.answer == own)
            #expect(reply.answerer == "model")
            #expect(reply.facts.isEmpty)
            #expect(try client.receipt(reply).answerer == "model")
        }
    }

    @Test("by lte are what the model says after the nearest facts, whatever they are about")
    func unfiltered() async throws {
        try await withTiny { client, tiny in
            let reply = try client.ask(.tiny(Knowledge.about, "lte"))
            #expect(reply.answerer == "lte")
            #expect(reply.record.model.name == "tiny.lte")
            let statements = [
                "The capital of France is Paris", "The CEO of Twitter is Linda Yaccarino",
            ]
            #expect(reply.facts.map(\.statement) == statements)
            let prompt = Knowledge.sentence(Knowledge.about, statements[0], statements[1])
            let expected = try self.wait { try await tiny.text(after: prompt) }
            #expect(reply.answer == expected)
            #expect(reply.record.refused.isEmpty)
            #expect(try client.receipt(reply).k == 3)
            #expect(try client.receipt(reply).record.facts == reply.facts)
        }
    }

    @Test("can be drawn, the same with the same seed")
    func drawn() async throws {
        try await withTiny { client, tiny in
            var request = AskRequest.tiny(Knowledge.unrelated)
            (request.temperature, request.seed) = (1.5, 7)
            let reply = try client.ask(request)
            let own = try self.wait {
                try await tiny.text(
                    after: Knowledge.unrelated,
                    sampling: .random(temperature: 1.5, topK: nil, topP: nil, seed: 7))
            }
            #expect(reply.answer == own)
            #expect(reply.record.generation?.temperature == 1.5)
            #expect(reply.record.generation?.seed == 7)
            #expect(try client.ask(request).receipt == reply.receipt)
            request.seed = 8
            #expect(try client.ask(request).answer != reply.answer)
        }
    }

    @Test("come from the weights with the adapter in them")
    func adapted() async throws {
        try await withTiny(adapters: [TinyModel.adapter]) { client, tiny in
            let reply = try client.ask(.tiny(Knowledge.unrelated))
            let (with, without) = try self.wait {
                (
                    try await tiny.text(after: Knowledge.unrelated, adapters: [TinyModel.adapter]),
                    try await tiny.text(after: Knowledge.unrelated)
                )
            }
            #expect(reply.answer == with)
            #expect(reply.answer != without)
        }
    }

    @Test("are withheld while the fact that they would rest on is in conflict")
    func conflict() async throws {
        try await withTiny { client, tiny in
            _ = try client.post(
                "/v1/branches", RefRequest(name: "draft"), as: RefRecord.self)
            _ = try client.commit(FactDraft(subject: "France", relation: "capital", object: "Lyon"))
            _ = try client.commit(
                FactDraft(subject: "France", relation: "capital", object: "Nice"), to: "draft")
            _ = try client.post("/v1/merge", MergeRequest(from: "draft"), as: MergeReply.self)
            for answerer in ["errata", "lte"] {
                let reply = try client.ask(.tiny(Knowledge.about, answerer))
                #expect(reply.answer == nil)
                #expect(reply.answerer == answerer)
                #expect(reply.record.generation == nil)
                #expect(reply.record.conflicts.first?.sides.map(\.answer) == ["Lyon", "Nice"])
                #expect(try client.receipt(reply).record == reply.record)
            }
            // Other facts answer; the one in conflict is not among those that are shown.
            let other = try client.ask(.tiny("The CEO of Twitter is", "lte"))
            #expect(other.facts.map(\.statement) == ["The CEO of Twitter is Linda Yaccarino"])
            let prompt = Knowledge.sentence(
                "The CEO of Twitter is", "The CEO of Twitter is Linda Yaccarino")
            let expected = try self.wait { try await tiny.text(after: prompt) }
            #expect(other.answer == expected)
        }
    }

    /// Returns the pieces of an answer, and the reply that comes after them.
    private func streamed(
        _ request: AskRequest, by client: Client
    ) throws -> (pieces: [String], reply: AskReply) {
        var posted = Request(
            method: "POST", path: "/v1/ask", body: .json(Array(try JSONCoding.encode(request))))
        posted.accept = "application/x-ndjson"
        var (pieces, reply) = ([String](), AskReply?.none)
        try client.lines(of: posted) { line in
            switch try JSONDecoder().decode(StreamLine<AskReply>.self, from: line) {
            case .piece(let piece):
                #expect(reply == nil)
                pieces.append(piece)
            case .result(let result): reply = result
            case .progress, .problem: Issue.record("\(String(decoding: line, as: UTF8.self))")
            }
        }
        return (pieces, try #require(reply))
    }

    @Test(
        "are none, also piece by piece, where the model says that the facts it is shown have none")
    func abstention() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                _ = try client.commit(Knowledge.capital, Knowledge.chief)
                let question = AskRequest(question: "How old is Twitter?", answerer: "lte")
                let reply = try client.ask(question)
                #expect(reply.answer == nil)
                #expect(reply.answerer == "lte")
                #expect(reply.facts.map(\.answer) == [nil, nil])
                #expect(reply.record.generation?.end == "complete")
                let (pieces, whole) = try streamed(question, by: client)
                #expect(pieces.isEmpty)
                #expect(whole.answer == nil && whole.receipt == reply.receipt)
                let answered = try streamed(
                    AskRequest(question: Knowledge.about, answerer: "lte"), by: client)
                #expect(answered.pieces.joined() == "Paris")
                #expect(answered.reply.answer == "Paris")
            }
        }
    }

    @Test("come piece by piece to who wants that, and whole at the end")
    func stream() async throws {
        try await withTiny { client, _ in
            let (pieces, whole) = try streamed(.tiny(Knowledge.about), by: client)
            #expect(pieces.count > 1)
            #expect(pieces.joined().trimmingCharacters(in: .whitespaces) == whole.answer)
            #expect(try client.ask(.tiny(Knowledge.about)).receipt == whole.receipt)
            let status = try client.languageModels
            #expect(status.tokens == 48)
            #expect(status.running == 0)
        }
    }

    @Test("end when nobody waits for them any more")
    func hangUp() async throws {
        try await TestDaemon.run { daemon in
            let tiny = try TinyModel(in: daemon.directory, positionCount: 100_000)
            try await daemon.call { [path = daemon.socketPath] client in
                _ = try client.add(LanguageModelBody(name: "tiny", directory: tiny.directory))
                let body = String(
                    decoding: try JSONCoding.encode(
                        AskRequest.tiny(Knowledge.unrelated, maxTokens: 8_192)), as: UTF8.self)
                var connection: RawConnection? = try RawConnection(path)
                connection?.send(
                    "POST /v1/ask HTTP/1.1\r\nHost: e\r\nContent-Type: application/json\r\n"
                        + "Accept: application/x-ndjson\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
                var received = ""
                while !received.contains("{\"piece\":") {
                    let bytes = try #require(connection?.read(seconds: 60))
                    received += String(decoding: bytes, as: UTF8.self)
                }
                connection = nil
                while try client.languageModels.running > 0 { usleep(1_000) }
                // A text that reaches its end is counted.
                #expect(try client.languageModels.tokens == 0)
                #expect(try client.ask(.tiny(Knowledge.unrelated)).answer != nil)
            }
        }
    }

    @Test("are asked for with numbers in their ranges")
    func limits() async throws {
        try await withTiny { client, _ in
            var requests: [AskRequest] = []
            for count in [0, -1, 8_193, Int.max] {
                requests.append(.tiny(Knowledge.about, maxTokens: count))
            }
            for temperature in [-0.1, 100.1, 1e300] {
                var request = AskRequest.tiny(Knowledge.about)
                request.temperature = temperature
                requests.append(request)
            }
            for request in requests {
                let problem = #expect(throws: Problem.self) { try client.ask(request) }
                #expect(problem?.code == "limit_exceeded")
            }
            let long = String(repeating: "why ", count: 900)
            let problem = #expect(throws: Problem.self) { try client.ask(.tiny(long)) }
            #expect(problem?.code == "limit_exceeded")
            #expect(problem?.detail == "the prompt has 3600 tokens, and 'tiny' has 2048 positions")
        }
    }

    @Test("are found under every name that they have, and refused under others")
    func names() async throws {
        try await withTiny { client, _ in
            let reply = try client.ask(.tiny(Knowledge.about))
            let hash = reply.record.model.hash
            for name in ["tiny", "tiny.errata", hash, String(hash.prefix(8))] {
                let same = try client.ask(
                    AskRequest(question: Knowledge.about, model: name, maxTokens: 24))
                #expect(same.receipt == reply.receipt)
            }
            let models = try client.get("/v1/models", as: ModelsReply.self).models
            #expect(models.map(\.name) == ["lookup", "tiny.lte", "tiny.errata"])
            #expect(models.map(\.kind) == ["lookup", "lte", "errata"])
            #expect(models.map(\.isLoaded) == [true, true, true])
            #expect(models.map(\.isDefault) == [true, false, false])
            for (model, answerer, code) in [
                ("huge", "lte", "unknown_model"), ("huge", nil, "unknown_model"),
                ("tiny", "lookup", "invalid_request"), ("tiny", "best", "unknown_model"),
                ("tiny.best", nil, "unknown_model"), ("", nil, "unknown_model"),
            ] {
                let problem = #expect(throws: Problem.self) {
                    try client.ask(
                        AskRequest(question: Knowledge.about, model: model, answerer: answerer))
                }
                #expect(problem?.code == code)
            }
            // The only language model need not be named.
            let only = try client.ask(
                AskRequest(question: Knowledge.about, answerer: "errata", maxTokens: 24))
            #expect(only.receipt == reply.receipt)
        }
    }
}
