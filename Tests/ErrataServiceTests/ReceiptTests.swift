import ErrataCore
import ErrataService
import Testing

@Suite("Receipts")
struct ReceiptTests {
    private func receipt() throws -> Receipt {
        let digest = Digest.sha256([1])
        let fact = try #require(FactID([UInt8](repeating: 7, count: 16)))
        return Receipt(
            question: "Who runs Twitter?", commit: CommitID(digest), operation: 12, k: 3,
            answerer: "lookup", answererHash: digest,
            candidates: [
                .init(
                    fact: fact, leaf: Leaf(digest), cosine: -123, lexical: nil, probability: 987_654
                )
            ],
            used: [0], part: .object)
    }

    @Test("a receipt reads back and keeps its id")
    func roundTrip() throws {
        let receipt = try receipt()
        #expect(try Receipt(decoding: receipt.encoded) == receipt)
        #expect(try Receipt(decoding: receipt.encoded).id == receipt.id)
    }

    @Test("a changed byte is another receipt or none")
    func hostile() throws {
        let receipt = try receipt()
        let bytes = receipt.encoded
        for i in bytes.indices {
            #expect(throws: CBORError.self) { try Receipt(decoding: Array(bytes[..<i])) }
            var changed = bytes
            changed[i] ^= 0x21
            guard let other = try? Receipt(decoding: changed) else { continue }
            #expect(other.id != receipt.id)
            #expect(other.encoded == changed)
        }
    }
}
