import ErrataCore

/// Reads fixed-size and variable-size numbers off a run of bytes that nobody has checked yet.
struct ByteReader {
    private let buffer: UnsafeRawBufferPointer
    private(set) var offset: Int

    /// Starts at `offset`; the buffer must outlive the reader.
    init(_ buffer: UnsafeRawBufferPointer, from offset: Int = 0) {
        self.buffer = buffer
        self.offset = offset
    }

    var isAtEnd: Bool { offset == buffer.count }

    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard offset >= 0, count >= 0, buffer.count - offset >= count else { return nil }
        defer { offset += count }
        return Array(buffer[offset..<offset + count])
    }

    mutating func digest() -> Digest? {
        guard offset >= 0, buffer.count - offset >= Digest.byteCount else { return nil }
        defer { offset += Digest.byteCount }
        return Digest(buffer, at: offset)
    }

    mutating func factID() -> FactID? {
        guard offset >= 0, buffer.count - offset >= FactID.byteCount else { return nil }
        defer { offset += FactID.byteCount }
        return FactID(buffer, at: offset)
    }

    mutating func byte() -> UInt8? { integer(UInt8.self) }

    mutating func integer<Integer: FixedWidthInteger & UnsignedInteger>(
        _ type: Integer.Type = Integer.self
    ) -> Integer? {
        let count = Integer.bitWidth / 8
        guard offset >= 0, buffer.count - offset >= count else { return nil }
        defer { offset += count }
        var value: Integer = 0
        for i in offset..<offset + count { value = value << 8 | Integer(buffer[i]) }
        return value
    }

    /// Reads an unsigned LEB128 number; nil unless it is in its shortest form and fits.
    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = byte() else { return nil }
            let bits = UInt64(byte & 0x7f)
            guard (bits << shift) >> shift == bits else { return nil }
            value |= bits << shift
            if byte < 0x80 { return byte == 0 && shift > 0 ? nil : value }
        }
        return nil
    }
}

extension [UInt8] {
    /// Appends `value` as an unsigned LEB128 number.
    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    mutating func append(bigEndian value: UInt32) {
        for shift in [24, 16, 8, 0] as [UInt32] {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// The eight bytes of `value`, most significant first.
    init(bigEndian value: UInt64) {
        self = []
        reserveCapacity(8)
        append(bigEndian: value)
    }

    /// Reads all of these bytes as one big-endian number; nil unless there are eight.
    var bigEndianValue: UInt64? {
        count == 8 ? reduce(0) { $0 << 8 | UInt64($1) } : nil
    }
}
