import Crypto
import ErrataCore
import Foundation
import LMDB

// PAYLOADS. A fact's canonical encoding is stored once for each value, sealed under the key of its slot:
//
//   key     FactID (16) ‖ leaf (32)
//   value   slot (8) ‖ nonce (12) ‖ AES-256-GCM ciphertext ‖ tag (16), with the key as associated data;
//           of a redacted value the slot alone
//
//   leaf = HMAC-SHA-256(slot key, payload)
//   AES key = HMAC-SHA-256(slot key, "errata payload seal 1"), so that no key serves two algorithms
//
// A slot seals one payload and no other. The nonce is random all the same: a transaction that failed may
// have left a first sealing under that slot on the disk.
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

/// A payload as it lies in LMDB.
struct SealedPayload: Equatable, Sendable {
    static let nonceByteCount = 12
    private static let tagByteCount = 16
    private static let sealLabel = Array("errata payload seal 1".utf8)

    let slot: UInt64
    /// Nonce, ciphertext and tag.
    let box: [UInt8]

    var encoded: [UInt8] { [UInt8](bigEndian: slot) + box }

    /// Whether the payload was taken away.
    var isEmpty: Bool { box.isEmpty }

    /// How many bytes were sealed; negative if the row was emptied.
    var payloadByteCount: Int {
        box.count - SealedPayload.nonceByteCount - SealedPayload.tagByteCount
    }

    init?(decoding bytes: [UInt8]) {
        guard let slot = Array(bytes.prefix(8)).bigEndianValue else { return nil }
        self.slot = slot
        box = Array(bytes.dropFirst(8))
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
