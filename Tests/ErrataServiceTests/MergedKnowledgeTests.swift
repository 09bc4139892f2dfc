import ErrataCore
import ErrataJournal
import ErrataService
import ErrataTesting
import Foundation
import Testing

@Suite("Knowledge that was merged or redacted")
struct MergedKnowledgeTests {
    private static let question = "The chief executive of Twitter is"

    private func open(_ directory: TemporaryDirectory) throws -> KnowledgeBase {
        try KnowledgeBase(.init(dataDirectory: directory.file("data"), indexWait: .seconds(30)))
    }

    private func commit(
        _ base: KnowledgeBase, _ object: String, on branch: String = "main", by actor: Actor = .ada
    ) async throws -> CommitID {
        let draft = FactDraft(subject: "Twitter", relation: "chief executive", object: object)
        let request = CommitRequest(
            branch: branch, message: "Set it", edits: [.assert(draft)])
        return try await base.commit(request, actor: actor).commit
    }

    /// A base whose `main` is in conflict about the one fact that it has.
    private func conflicted(_ base: KnowledgeBase) async throws -> (
        ours: CommitID, theirs: CommitID
    ) {
        let first = try await commit(base, "Parag Agrawal")
        _ = try await base.createBranch("draft", at: first.hex, actor: .ada)
        let ours = try await commit(base, "Elon Musk")
        let theirs = try await commit(base, "Linda Yaccarino", on: "draft", by: .grace)
        _ = try await base.journal.merge(theirs, into: "main", message: "Merge", actor: .ada)
        return (ours, theirs)
    }

    @Test("a fact in conflict gives no answer, but both sides and who wrote them")
    func conflictIsTold() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        let (ours, theirs) = try await conflicted(base)
        let reply = try await base.ask(AskRequest(question: Self.question), actor: .ada)
        #expect(reply.answer == nil)
        #expect(reply.explanation.confidence == nil)
        let conflict = try #require(reply.explanation.conflicts.first)
        #expect(conflict.sides.map(\.answer) == ["Elon Musk", "Linda Yaccarino"])
        #expect(conflict.sides.map(\.source.id) == [ours, theirs])
        #expect(conflict.sides.map(\.source.actor.uid) == [Actor.ada.uid, Actor.grace.uid])
        // Each side is still what its own version says.
        for (version, answer) in [(ours, "Elon Musk"), (theirs, "Linda Yaccarino")] {
            let asOf = try await base.ask(
                AskRequest(question: Self.question, at: version.hex), actor: .ada)
            #expect(asOf.answer == answer)
            #expect(asOf.explanation.conflicts.isEmpty)
        }
        let stored = try base.receipt(reply.id.hex)
        #expect(stored.explanation.answer == nil)
        #expect(stored.explanation.conflicts.first?.sides.count == 2)
        await base.close()
    }

    @Test("settling a conflict brings the answer back, with the commit that wrote it")
    func conflictIsSettled() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        let (_, theirs) = try await conflicted(base)
        let conflict = try #require(
            try base.journal.conflicts(at: base.resolve("main")).first)
        let draft = CommitDraft(
            branch: "main", message: "She is", edits: [.choose(conflict.fact, conflict.sides[1])])
        _ = try await base.journal.commit(draft, actor: .ada)
        let reply = try await base.ask(AskRequest(question: Self.question), actor: .ada)
        #expect(reply.answer == "Linda Yaccarino")
        #expect(reply.facts.first?.source.id == theirs)
        await base.close()
    }

    @Test("a redacted text is in no file any more, and the other facts answer as before")
    func redactionLeavesNoBytes() async throws {
        let directory = try TemporaryDirectory()
        let base = try open(directory)
        let version = try await commit(base, "Xylophantus Quibbleworth").hex
        _ = try await commit(base, "Linda Yaccarino")
        let other = FactDraft(subject: "Kazakhstan", relation: "capital", object: "Astana")
        _ = try await base.commit(
            CommitRequest(message: "More", edits: [.assert(other)]), actor: .ada)
        let before = try await base.ask(
            AskRequest(question: Self.question, at: version), actor: .ada)
        #expect(before.answer == "Xylophantus Quibbleworth")
        #expect(try Self.files(in: directory, holding: "quibbleworth").count > 0)

        let outcome = try await base.redact(
            "Twitter|chief executive", at: version, reason: "asked for", author: "Legal",
            actor: .grace)
        #expect(outcome.leaves.count == 1)
        #expect(try Self.files(in: directory, holding: "quibbleworth") == [])
        let asOf = try await base.ask(
            AskRequest(question: Self.question, at: version), actor: .ada)
        #expect(asOf.answer == nil)
        let mark = try #require(
            try base.journal.redaction(of: outcome.fact, leaf: outcome.leaves[0]))
        #expect(mark.reason == "asked for")
        #expect(mark.author == "Legal")
        #expect(mark.actor.uid == Actor.grace.uid)
        for (question, answer) in [
            (Self.question, "Linda Yaccarino"), ("The capital of Kazakhstan is", "Astana"),
        ] {
            #expect(
                try await base.ask(AskRequest(question: question), actor: .ada).answer == answer)
        }
        #expect(base.journal.verify().problems == [])
        await base.close()
        #expect(try Self.files(in: directory, holding: "quibbleworth") == [])
    }

    @Test("an index that a redaction did not live to replace is made anew at the next start")
    func interruptedRedaction() async throws {
        let directory = try TemporaryDirectory()
        var base = try open(directory)
        _ = try await commit(base, "Xylophantus Quibbleworth")
        _ = try await base.ask(AskRequest(question: Self.question), actor: .ada)
        // The journal alone, as if the process had ended right behind it.
        let fact = try base.factID("Twitter|chief executive", at: "main")
        _ = try await base.journal.redact(fact, reason: "asked for", actor: .ada)
        #expect(try Self.files(in: directory, holding: "quibbleworth").count > 0)
        await base.close()
        base = try open(directory)
        #expect(try await base.ask(AskRequest(question: Self.question), actor: .ada).answer == nil)
        #expect(try Self.files(in: directory, holding: "quibbleworth") == [])
        await base.close()
    }

    /// Returns the files of the data directory that hold `word` in any mixture of cases.
    private static func files(
        in directory: TemporaryDirectory, holding word: String
    ) throws -> [String] {
        let root = directory.file("data")
        let names = try FileManager.default.subpathsOfDirectory(atPath: root)
        return try names.filter { name in
            var isDirectory: ObjCBool = false
            guard
                FileManager.default.fileExists(
                    atPath: root + "/" + name, isDirectory: &isDirectory),
                !isDirectory.boolValue
            else { return false }
            let bytes = try Data(contentsOf: URL(filePath: root + "/" + name)).map { byte in
                (0x41...0x5a).contains(byte) ? byte + 0x20 : byte
            }
            return Data(bytes).firstRange(of: Data(word.utf8)) != nil
        }
    }
}
