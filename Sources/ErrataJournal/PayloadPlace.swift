import ErrataCore
import LMDB

// PLACES. What leads from a leaf to its payload is a row of `history`, after all changes of the fact:
//
//   key     FactID (16) ‖ 0xff ‖ leaf (32); no operation has a sequence that begins so
//   value   sequence of the operation that brought it ‖ slot ‖ bytes of nonce, ciphertext and tag (0 once
//           redacted), each in LEB128
//
// A commit writes the change of a fact and the place of its new value, so they share a page: pages that are written
// at random are what many commits cost. Slot and length are enough to tell whether a payload can be a given text.

/// Where a payload lies, and what can be said of it without reading it.
struct PayloadPlace: Equatable {
    private static let mark: UInt8 = 0xff
    private static let keyByteCount = FactID.byteCount + 1 + Digest.byteCount

    let sequence: UInt64
    let slot: UInt64
    /// Of nonce, ciphertext and tag; 0 if the text was taken away.
    let boxByteCount: Int

    /// How many bytes were sealed; negative if they were taken away.
    var payloadByteCount: Int { boxByteCount - SealedPayload.overheadByteCount }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(12)
        bytes.append(varint: sequence)
        bytes.append(varint: slot)
        bytes.append(varint: UInt64(boxByteCount))
        return bytes
    }

    init(sequence: UInt64, slot: UInt64, boxByteCount: Int) {
        self.sequence = sequence
        self.slot = slot
        self.boxByteCount = boxByteCount
    }

    init?(decoding bytes: [UInt8]) {
        let numbers: [UInt64]? = bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            guard let sequence = reader.varint(), let slot = reader.varint(),
                let count = reader.varint(), reader.isAtEnd, count <= UInt64(UInt32.max)
            else { return nil }
            return [sequence, slot, count]
        }
        guard let numbers else { return nil }
        self.init(sequence: numbers[0], slot: numbers[1], boxByteCount: Int(numbers[2]))
    }

    // MARK: Keys

    /// Returns the key of the row that says where a payload lies.
    static func key(of name: PayloadKey) -> [UInt8] { start(of: name.fact) + name.leaf.bytes }

    /// Returns how the keys of all payloads of a fact begin.
    static func start(of fact: FactID) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(keyByteCount)
        bytes += fact.bytes
        bytes.append(mark)
        return bytes
    }
}

extension JournalStore {
    /// Returns where the payload called `name` lies, nil if there is none.
    func place(
        of name: PayloadKey, _ reader: borrowing ReadTransaction
    ) throws -> PayloadPlace? {
        let row = try reader.value(of: PayloadPlace.key(of: name), in: tables.history)
        guard let row else { return nil }
        guard let place = PayloadPlace(decoding: row) else {
            throw JournalError.corrupt("the place of a payload of fact \(name.fact.hex) is damaged")
        }
        return place
    }

    /// Calls `body` with the place of each payload of `fact` whose leaf begins with `start`, in the order of
    /// leaves, until it returns false.
    func forEachPlace(
        of fact: FactID, leafStart start: [UInt8] = [], _ reader: borrowing ReadTransaction,
        _ body: (PayloadKey, PayloadPlace) throws -> Bool
    ) throws {
        let prefix = PayloadPlace.start(of: fact) + start
        try reader.withCursor(over: tables.history) { cursor in
            var entry = try cursor.seek(atLeast: prefix)
            while let row = entry, row.key.starts(with: prefix) {
                guard let leaf = Leaf(row.key.dropFirst(FactID.byteCount + 1)),
                    let place = PayloadPlace(decoding: row.value)
                else {
                    throw JournalError.corrupt(
                        "the place of a payload of fact \(fact.hex) is damaged")
                }
                guard try body(PayloadKey(fact, leaf), place) else { return }
                entry = try cursor.next()
            }
        }
    }

    /// Returns the payload called `name`, nil if there is none.
    func payload(
        _ name: PayloadKey, _ reader: borrowing ReadTransaction
    ) throws -> PayloadRow? {
        guard let place = try place(of: name, reader) else { return nil }
        let row = try storedPayload(of: name.fact, at: place.sequence, reader)
        guard let row, row.name == name else {
            throw JournalError.corrupt(
                "the payload of fact \(name.fact.hex) is not where operation \(place.sequence) put it"
            )
        }
        return row
    }

    /// Returns the payload that an operation brought of `fact`, nil if it brought none or the row is damaged.
    func storedPayload(
        of fact: FactID, at sequence: UInt64, _ reader: borrowing ReadTransaction
    ) throws -> PayloadRow? {
        let key = PayloadRow.key(sequence, fact)
        return try reader.value(of: key, in: tables.payloads)
            .flatMap { PayloadRow(decoding: key, $0) }
    }
}
