import ErrataCore
import ErrataJournal
import Testing

@Suite("The registration of models")
struct RegistrationTests {
    private func model(
        _ byte: UInt8, name: String = "reader", kind: ModelRegistration.Kind = .reader
    ) throws -> ModelRegistration {
        try ModelRegistration(
            name: name, kind: kind, hash: .sha256([byte]), encoder: .sha256([0]),
            precision: kind == .reader ? "int8" : nil)
    }

    @Test("is one operation for each change of what a name stands for")
    func changes() async throws {
        try await withJournal { journal, _ in
            #expect(try await journal.registerModel(model(1), actor: alice) == 1)
            #expect(try await journal.registerModel(model(1), actor: alice) == 1)
            #expect(try await journal.registerModel(model(2), actor: alice) == 2)
            let lookup = try model(1, name: "lookup", kind: .lookup)
            #expect(try await journal.registerModel(lookup, actor: alice) == 3)
            #expect(try journal.operationCount == 4)
            #expect(try journal.models().map(\.model) == [model(1), model(2), lookup])
            #expect(try journal.operation(3).body == .model(lookup))
            #expect(try journal.operation(3).actor == alice)
        }
    }

    @Test("names the first operation of a model that comes back, so its answers stay the same")
    func comesBack() async throws {
        try await withJournal { journal, _ in
            _ = try await journal.registerModel(model(1), actor: alice)
            _ = try await journal.registerModel(model(2), actor: alice)
            let first = try await journal.registerModel(model(1), actor: alice)
            #expect(first == 1)
            #expect(try journal.models().map(\.operation) == [1, 2, 3])
        }
    }

    @Test("by many at a time is one operation")
    func race() async throws {
        try await withJournal { journal, _ in
            let model = try model(7)
            let numbers = try await withThrowingTaskGroup(of: UInt64.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await journal.registerModel(model, actor: alice) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(numbers) == [1])
            #expect(try journal.operationCount == 2)
        }
    }

    @Test("survives a reopening, is no version, and is verified")
    func reopening() async throws {
        let store = TemporaryStore()
        var journal = try store.open()
        _ = try await journal.registerModel(model(1), actor: alice)
        let commit = try await journal.set([("a", "1")])
        await journal.close()
        journal = try store.open()
        #expect(try journal.models().map(\.operation) == [1])
        #expect(try journal.commit(at: "main") == commit.commit)
        let error = #expect(throws: JournalError.self) { try journal.commit(at: "@1") }
        #expect(
            error?.message == "'@1' names no version: operation 1 of type 'model' left no version")
        #expect(journal.verify { _, _ in }.isClean)
        await journal.close()
    }

    @Test("that was lost, changed or made up is found by the verification")
    func damage() async throws {
        let key = Array("reader".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 1]
        let changes: [([UInt8], [UInt8]?, String)] = [
            (key, nil, "models: the model of operation 1 is missing"),
            (key, Digest.sha256([9]).bytes, "models: the model of operation 1 differs"),
            (
                key.dropLast() + [5], Digest.sha256([9]).bytes,
                "models: it has 2 rows, the operations lead to 1"
            ),
        ]
        for (key, value, problem) in changes {
            let store = TemporaryStore()
            var journal = try store.open()
            _ = try await journal.registerModel(model(1), actor: alice)
            await journal.close()
            try RawStore(journalOf: store).set(value, for: key, in: "models")
            journal = try store.open()
            #expect(journal.verify { _, _ in }.problems.map(\.description).contains(problem))
            await journal.close()
        }
    }

    @Test(
        "takes plain names alone",
        arguments: ["", "Reader", "a b", "a\u{0}b", String(repeating: "x", count: 65)])
    func names(name: String) {
        let error = #expect(throws: JournalError.self) { try model(1, name: name) }
        #expect(error?.code == .invalidName)
    }
}
