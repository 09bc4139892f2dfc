import Crypto
import ErrataCore
import Foundation
import LMDB

// PAYLOADS. A fact's canonical encoding is stored once for each value, sealed under the key of its slot:
//
//   key     sequence of the operation that brought it (8) ‖ FactID (16)
//   value   leaf (32) ‖ slot (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16), with FactID ‖ leaf as
//           associated data; of a redacted value leaf and slot alone
//
//   leaf = HMAC-SHA-256(slot key, payload)
//   AES key = HMAC-SHA-256(slot key, "errata payload seal 1"), so that no key serves two algorithms
//
// A slot seals one payload and no other. The nonce is random all the same: a transaction that failed may
// have left a first sealing under that slot on the disk.
//
// Operations come in their order and facts within one in theirs, so rows are only ever appended, and many commits
// share a page. What leads from a leaf to its row is derived and lies beside the fact's history (PayloadPlace.swift).
//
// The same payload of the same fact finds its earlier row by trying the keys of that fact's rows, which costs one
// HMAC each; facts with many are remembered (ValueMemory.swift).

/// The name of a stored payload.
struct PayloadKey: Hashable, Sendable {
    let fact: FactID
    let leaf: Leaf

    var bytes: [UInt8] { fact.bytes + leaf.bytes }

    init(_ fact: FactID, _ leaf: Leaf) {
        self.fact = fact
        self.leaf = leaf
    }

    init?(decoding bytes: [UInt8]) {
        guard let fact = FactID(bytes.prefix(FactID.byteCount)),
            let leaf = Leaf(bytes.dropFirst(FactID.byteCount))
        else { return nil }
        self.init(fact, leaf)
    }
}

/// A row of `payloads`.
struct PayloadRow {
    /// The operation that brought the value.
    let sequence: UInt64
    let name: PayloadKey
    let sealed: SealedPayload

    var key: [UInt8] { PayloadRow.key(sequence, name.fact) }
    var value: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Digest.byteCount + 8 + sealed.box.count)
        bytes += name.leaf.bytes
        bytes.append(bigEndian: sealed.slot)
        bytes += sealed.box
        return bytes
    }
    var place: PayloadPlace {
        PayloadPlace(sequence: sequence, slot: sealed.slot, boxByteCount: sealed.box.count)
    }

    static func key(_ sequence: UInt64, _ fact: FactID) -> [UInt8] {
        [UInt8](bigEndian: sequence) + fact.bytes
    }

    init(at sequence: UInt64, _ name: PayloadKey, _ sealed: SealedPayload) {
        self.sequence = sequence
        self.name = name
        self.sealed = sealed
    }

    init?(decoding key: [UInt8], _ value: [UInt8]) {
        guard let sequence = Array(key.prefix(8)).bigEndianValue,
            let fact = FactID(key.dropFirst(8)),
            let leaf = Leaf(value.prefix(Digest.byteCount)),
            let sealed = SealedPayload(decoding: Array(value.dropFirst(Digest.byteCount)))
        else { return nil }
        self.init(at: sequence, PayloadKey(fact, leaf), sealed)
    }
}

/// A payload as it lies in LMDB.
struct SealedPayload: Equatable, Sendable {
    static let nonceByteCount = 12
    /// By how much nonce and tag make the box longer than the payload.
    static let overheadByteCount = nonceByteCount + 16
    private static let sealLabel = Array("errata payload seal 1".utf8)

    let slot: UInt64
    /// Nonce, ciphertext and tag.
    let box: [UInt8]

    /// What is left of it when the text is taken away: the slot says which key to erase.
    var emptied: SealedPayload { SealedPayload(slot: slot, box: []) }

    private init(slot: UInt64, box: [UInt8]) {
        self.slot = slot
        self.box = box
    }

    init?(decoding bytes: [UInt8]) {
        guard let slot = Array(bytes.prefix(8)).bigEndianValue else { return nil }
        self.init(slot: slot, box: Array(bytes.dropFirst(8)))
    }

    /// Seals `payload` under the key of `slot`, bound to `name`.
    init(
        sealing payload: [UInt8], name: PayloadKey, slot: UInt64, slotKey: [UInt8], nonce: [UInt8]
    ) throws {
        let sealed = try AES.GCM.seal(
            payload, using: SealedPayload.key(slotKey), nonce: AES.GCM.Nonce(data: nonce),
            authenticating: name.bytes)
        self.slot = slot
        box = nonce + sealed.ciphertext + sealed.tag
    }

    /// Returns the payload; throws `corrupt` unless it is what was sealed as `name`.
    func opened(name: PayloadKey, slotKey: [UInt8]) throws(JournalError) -> [UInt8] {
        let payload: [UInt8]
        do {
            payload = try Array(
                AES.GCM.open(
                    AES.GCM.SealedBox(combined: box), using: SealedPayload.key(slotKey),
                    authenticating: name.bytes))
        } catch {
            throw .corrupt("the payload of fact \(name.fact.hex) in slot \(slot) does not open")
        }
        guard Leaf(.hmac(payload, key: slotKey)) == name.leaf else {
            throw .corrupt("the payload of fact \(name.fact.hex) in slot \(slot) is another one")
        }
        return payload
    }

    private static func key(_ slotKey: [UInt8]) -> SymmetricKey {
        SymmetricKey(data: Digest.hmac(sealLabel, key: slotKey).bytes)
    }
}
