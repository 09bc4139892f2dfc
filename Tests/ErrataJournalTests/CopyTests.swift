import ErrataCore
import ErrataJournal
import Foundation
import Testing

@Suite("A copy of a store")
struct CopyTests {
    @Test(
        "has every commit from before and no key of what it calls redacted, beside both",
        arguments: UInt64(1)...3)
    func besideRedactions(seed: UInt64) async throws {
        let store = TemporaryStore(seed: seed)
        var options = store.options
        // Keys are drawn while the copy is made: a commit takes more of them than lie ready.
        options.keyBatchCount = 4
        let journal = try Journal.open(at: store.directory, options: options)
        let writers = (0..<4).map { writer in
            Task {
                var bulks: [String] = []
                while !Task.isCancelled {
                    let bulk = "\(writer)-\(bulks.count)"
                    try await journal.set((0..<20).map { (bulk + "-\($0)", "1") })
                    bulks.append(bulk)
                    guard bulks.count > 10 else { continue }
                    let fact = journal.factID(for: bulks[bulks.count - 10] + "-7")
                    _ = try await journal.redact(fact, reason: "asked", actor: alice)
                }
            }
        }
        var redactionCount = 0
        for round in 0..<8 {
            while try journal.redactionCount < redactionCount + 5 { await Task.yield() }
            let before = try await journal.set([("before", "\(round)")])
            let draft = try StoreDraft(for: store.directory + "/copy\(round)")
            try StoreCopy(of: journal.verifier, in: store.directory)
                .write(to: draft.path) { _, _ in }
            try draft.publish()
            redactionCount = try journal.redactionCount

            let reader = try StoreVerifier(reading: draft.target)
            let report = reader.report()
            reader.close()
            #expect(report.isClean, "\(report)")
            let copy = try Journal.open(at: draft.target, options: options)
            #expect(
                try copy.commitRecord(before.commit).commit
                    == journal.commitRecord(before.commit).commit)
            await copy.close()
        }
        for writer in writers {
            writer.cancel()
            try await writer.value
        }
        #expect(journal.verify().isClean)
        await journal.close()
    }
}
