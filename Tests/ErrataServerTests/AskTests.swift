import ErrataAPI
import ErrataClient
import ErrataCore
import Foundation
import Glibc
import Testing

@Suite("questions over the socket")
struct AskTests {
    private static func commit(_ client: Client, _ facts: FactDraft...) throws {
        _ = try client.post(
            "/v1/commits",
            CommitRequest(message: "m", edits: facts.map { .assert(FactBody($0)) }),
            as: CommitReply.self)
    }

    private static func ask(
        _ client: Client, _ question: String, model: String? = nil, _ strictness: Strictness? = nil
    ) throws -> AskReply {
        try client.post(
            "/v1/ask", AskRequest(question: question, model: model, strictness: strictness),
            as: AskReply.self)
    }

    private static let capital = FactDraft(subject: "France", relation: "capital", object: "Paris")

    @Test("name the model that answered and its operation, in the reply and in the receipt")
    func model() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                try Self.commit(client, Self.capital)
                let models = try client.get("/v1/models", as: ModelsReply.self).models
                #expect(models.map(\.name) == ["lookup"])
                #expect(models.map(\.kind) == ["lookup"])
                #expect(models.map(\.operation) == [1])
                #expect(models.map(\.isDefault) == [true])
                #expect(models.map(\.isLoaded) == [true])
                #expect(models[0].encoder == nil)
                let operations = try client.get("/v1/operations", as: OperationsReply.self)
                let registration = try #require(operations.operations.first { $0.operation == 1 })
                #expect(registration.type == "model")
                #expect(registration.name == "lookup")
                #expect(registration.hash == models[0].hash)
                #expect(registration.actor.pid == getpid())
                #expect(registration.actor.socket == nil)

                let question = "The capital of France is"
                let reply = try Self.ask(client, question)
                #expect(reply.answer == "Paris")
                #expect(reply.record.model.hash == models[0].hash)
                #expect(reply.record.model.operation == 1)
                #expect(reply.record.model.name == "lookup")
                let hash = models[0].hash
                for name in ["lookup", hash, String(hash.prefix(8))] {
                    #expect(try Self.ask(client, question, model: name).receipt == reply.receipt)
                }
                for name in [String(hash.prefix(7)), "", "reader", "LOOKUP"] {
                    let problem = #expect(throws: Problem.self) {
                        try Self.ask(client, question, model: name)
                    }
                    #expect(problem?.code == "unknown_model")
                    #expect(problem?.hint == "Known here: lookup (\(hash.prefix(12))), decoder.")
                }
                let receipt = try client.get(
                    "/v1/receipts/\(reply.receipt)", as: ReceiptReply.self)
                #expect(receipt.record == reply.record)
            }
        }
    }

    @Test("are answered with less or more strictness, which the receipt holds")
    func strictness() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                try Self.commit(
                    client, Self.capital,
                    FactDraft(subject: "Twitter", relation: "CEO", object: "Linda Yaccarino"))
                let questions = [
                    "The capital of France is", "capital France?", "Which capital has France got?",
                    "Who is Twitter's boss?", "Does France have a capital?",
                ]
                var answered: [Strictness: Int] = [:]
                for question in questions {
                    for strictness in Strictness.allCases {
                        let reply = try Self.ask(client, question, strictness)
                        let receipt = try client.get(
                            "/v1/receipts/\(reply.receipt)", as: ReceiptReply.self)
                        #expect(receipt.record.strictness == strictness)
                        #expect(receipt.record == reply.record)
                        if reply.answer != nil { answered[strictness, default: 0] += 1 }
                        let isBelow = reply.record.refused.contains {
                            $0.reason == "below_threshold"
                        }
                        if reply.answer == nil, isBelow {
                            #expect(try Self.ask(client, question, .lenient).answer != nil)
                        }
                    }
                    #expect(
                        try Self.ask(client, question).receipt
                            == Self.ask(client, question, .normal).receipt)
                }
                #expect(answered[.strict, default: 0] <= answered[.normal, default: 0])
                #expect(answered[.normal, default: 0] <= answered[.lenient, default: 0])
                #expect(answered[.strict, default: 0] > 0)
            }
        }
    }

    @Test("that no fact answers say which facts are nearest and why they are none")
    func refusals() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                try Self.commit(client, Self.capital)
                let reply = try Self.ask(client, "How many people live in France?")
                #expect(reply.answer == nil)
                #expect(reply.record.confidence == nil)
                #expect(reply.facts.isEmpty)
                #expect(reply.record.refused.map(\.reason) == ["other_relation"])
                #expect(
                    reply.record.refused.map(\.statement) == ["The capital of France is Paris"])
                let other = try Self.ask(client, "What is the capital of Italy?")
                #expect(other.answer == nil)
                #expect(other.record.refused.map(\.reason) == ["other_subject"])
            }
        }
    }

    @Test("on which facts disagree get every answer, and a note of it")
    func disagreement() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.call { client in
                func fact(_ key: String, _ object: String) -> FactDraft {
                    FactDraft(key: key, subject: "Elbe", relation: "length", object: object)
                }
                try Self.commit(client, fact("a", "1,094 km"), fact("b", "1,112 km"))
                let reply = try Self.ask(client, "The length of Elbe is")
                #expect(reply.record.disagree)
                #expect(Set(reply.facts.map(\.answer)) == ["1,094 km", "1,112 km"])
                #expect(reply.answer == reply.facts[0].answer)
                #expect(reply.record.confidence == reply.facts[0].score)
                try Self.commit(client, fact("b", "1,094  KM"))
                let agreed = try Self.ask(client, "The length of Elbe is")
                #expect(agreed.facts.count == 2)
                #expect(!agreed.record.disagree)
            }
        }
    }
}
