import ErrataCore
import ErrataJournal
import Foundation
import Testing

@Suite("A store of a released format")
struct StoreFixtureTests {
    @Test("is there for every format")
    func fixturesExist() {
        #expect(StoreFixture.all.map(\.name).contains("1-line"))
    }

    @Test(
        "opens, verifies and says of every version what it said then", arguments: StoreFixture.all)
    func opens(fixture: StoreFixture) async throws {
        let store = try fixture.unpacked()
        let journal = try store.open()
        #expect(journal.verify().problems == [])
        let text = try String(contentsOf: fixture.description, encoding: .utf8)
        #expect(try journal.inventory() == text)
        await journal.close()
    }

    @Test(
        "takes further commits, and the old versions stay as they were", arguments: StoreFixture.all
    )
    func goesOn(fixture: StoreFixture) async throws {
        let store = try fixture.unpacked()
        var journal = try store.open()
        store.clock.advance(seconds: 1_000_000)
        let version = try journal.head(of: "main")
        let values = try journal.values(at: version)
        let outcome = try await journal.set([("later", "1"), ("a", "later")])
        _ = try await journal.appendEvent(kind: "ask", body: [9], actor: alice)
        await journal.close()
        journal = try store.open()
        #expect(try journal.values(at: version) == values)
        #expect(try journal.values(at: outcome.commit)["later"] == "1")
        #expect(journal.verify().problems == [])
        await journal.close()
    }

    /// Writes `Fixtures/stores/NAME` by the program as it is; a released one is never written again.
    @Test(
        "is recorded when ERRATA_RECORD_STORE names it",
        .enabled(if: ProcessInfo.processInfo.environment["ERRATA_RECORD_STORE"] != nil))
    func record() async throws {
        let name = try #require(ProcessInfo.processInfo.environment["ERRATA_RECORD_STORE"])
        let store = TemporaryStore(seed: 4)
        let journal = try store.open()
        try await StoreFixtureTests.write(journal, store.clock)
        #expect(journal.verify().problems == [])
        let text = try journal.inventory()
        await journal.close()
        try StoreFixture(name: name).record(store, saying: text)
    }

    /// A short history with every kind of operation on one line of ancestry.
    private static func write(_ journal: Journal, _ clock: ManualClock) async throws {
        let model = try ModelRegistration(
            name: "reader", kind: .reader, hash: .sha256([1]), encoder: .sha256([2]),
            precision: "int8")
        _ = try await journal.registerModel(model, actor: alice)
        clock.advance(seconds: 60)
        let first = try await journal.set((0..<12).map { ("k\($0)", "1") } + [("a", "1")])
        clock.advance(seconds: 60)
        let second = try await journal.commit(
            CommitDraft(
                branch: "main", expect: first.commit, author: "Ada",
                message: "all that a fact can say\n\nand a retraction",
                edits: [
                    .assert(try fullFact()), .revise(try makeFact("a", "2")),
                    .retract(journal.factID(for: "k3")),
                ]), actor: alice)
        _ = try await journal.createBranch("dev", at: first.commit, actor: alice)
        _ = try await journal.createTag("v1", at: second.commit, message: "one", actor: alice)
        clock.advance(seconds: 60)
        let dev = try await journal.set([("k1", "dev"), ("b", "dev")], on: "dev")
        try await journal.set([("k1", nil)], on: "dev")
        _ = try await journal.rollback(branch: "dev", to: dev.commit, actor: alice)
        _ = try await journal.revert(
            second.commit, on: "main", author: "Ada", message: "back", actor: alice)
        try await journal.set([("a", "3")])
        _ = try await journal.createBranch("gone", at: second.commit, actor: alice)
        _ = try await journal.deleteBranch("gone", actor: alice)
        _ = try await journal.appendEvent(kind: "ask", body: [1, 2, 3], actor: alice)
        _ = try await journal.putReceipt(Digest.sha256([1]), body: [4, 5], actor: alice)
    }

    private static func fullFact() throws -> Fact {
        try FactDraft(
            key: "twitter.ceo", subject: "Twitter", relation: "chief executive officer",
            object: "Linda Yaccarino", questions: ["Who runs Twitter?"], aliases: ["X"],
            validFrom: "2023-06-05", validTo: "2025-07-09", source: "https://example.org/é",
            labels: ["team": "news"]
        ).checked()
    }
}
