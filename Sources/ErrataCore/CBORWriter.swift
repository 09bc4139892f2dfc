/// Writes the canonical encoding item by item, without a value of the whole first.
///
/// For the records of every commit, where making the values would cost more than all hashes in them. Who writes a map says
/// how many entries it has and writes their keys in ascending order.
package struct CBORWriter {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int) { bytes.reserveCapacity(capacity) }

    package mutating func map(_ count: Int) { CBOR.head(5, UInt64(count), &bytes) }

    package mutating func array(_ count: Int) { CBOR.head(4, UInt64(count), &bytes) }

    package mutating func unsigned(_ value: UInt64) { CBOR.head(0, value, &bytes) }

    package mutating func bytes(_ value: [UInt8]) {
        CBOR.head(2, UInt64(value.count), &bytes)
        bytes += value
    }

    package mutating func bytes(_ value: Digest) {
        CBOR.head(2, UInt64(Digest.byteCount), &bytes)
        bytes.append(value)
    }

    package mutating func bytes(_ value: FactID) {
        CBOR.head(2, UInt64(FactID.byteCount), &bytes)
        bytes.append(value)
    }

    package mutating func text(_ value: String) {
        CBOR.head(3, UInt64(value.utf8.count), &bytes)
        bytes += value.utf8
    }

    package mutating func value(_ value: CBOR) { value.encode(into: &bytes) }
}
