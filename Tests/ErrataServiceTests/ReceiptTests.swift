import ErrataCore
import ErrataService
import Testing

@Suite("Receipts")
struct ReceiptTests {
    private let digest = Digest.sha256([1])

    private func candidate(
        _ byte: UInt8, probability: Int64?, refusal: Receipt.Refusal? = nil
    ) throws -> Receipt.Candidate {
        let fact = try #require(FactID([UInt8](repeating: byte, count: 16)))
        return Receipt.Candidate(
            fact: fact, leaf: Leaf(digest), cosine: -123, lexical: nil, probability: probability,
            lookup: probability, reader: probability.map { -$0 }, isTruncated: byte == 8,
            refusal: refusal)
    }

    private func receipt() throws -> Receipt {
        Receipt(
            question: "Who runs Twitter?", commit: CommitID(digest), operation: 12, k: 3,
            answerer: "reader", answererHash: digest, strictness: .strict, model: 7,
            candidates: [
                try candidate(7, probability: 987_654),
                try candidate(8, probability: 3, refusal: .otherRelation),
                try candidate(9, probability: nil),
            ],
            answers: [
                .init(path: [0, 2], part: .object, probability: 990_000, reader: -1),
                .init(path: [0], part: .span(3..<9), probability: 987_654),
                .init(path: [2], part: .subject, probability: 1),
            ])
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
            for flip in [0x21, 0x01, 0x80] as [UInt8] {
                var changed = bytes
                changed[i] ^= flip
                guard let other = try? Receipt(decoding: changed) else { continue }
                #expect(other.id != receipt.id)
                #expect(other.encoded == changed)
            }
        }
    }

    @Test("a receipt of version 1 is read, with what it says and no more")
    func oldVersion() throws {
        let fact = [UInt8](repeating: 7, count: 16)
        let bytes = CBOR.fields([
            (0, .unsigned(1)), (1, .text("Who?")), (2, .bytes(digest.bytes)), (3, .unsigned(4)),
            (4, .unsigned(5)), (5, .text("lookup")), (6, .bytes(digest.bytes)),
            (
                7,
                .array([
                    .array([
                        .bytes(fact), .bytes(digest.bytes), .int(5), .null, .int(987_654),
                    ])
                ])
            ),
            (8, .array([.unsigned(0)])), (9, .unsigned(1)),
        ]).encoded
        let receipt = try Receipt(decoding: bytes)
        #expect(receipt.answers == [.init(path: [0], part: .subject, probability: 987_654)])
        #expect(receipt.strictness == .normal)
        #expect(receipt.model == nil)
        #expect(receipt.candidates.map(\.probability) == [987_654])
        #expect(receipt.candidates.map(\.reader) == [nil])
    }

    @Test("a span that ends before it begins, or lies beyond what it may use, is refused")
    func badSpan() throws {
        let good = try receipt().encoded
        // The span 3..<9 is the only place where a 3 is followed by a 9.
        let place = try #require(
            good.indices.dropLast().first { good[$0] == 3 && good[$0 + 1] == 9 })
        var bad = good
        bad[place + 1] = 2
        #expect(throws: CBORError.self) { try Receipt(decoding: bad) }
    }
}
