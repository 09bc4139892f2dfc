import CErrataKernels
import Glibc

/// A vector in 8 bits a number, with the bounds that make a search over codes exact.
///
/// For a vector x: x = scale · code + e with ‖e‖ ≤ residual and ‖scale · code‖ ≤ reach. A row without a
/// vector has scale 0 and residual -∞, so that no bound of it ever reaches a threshold.
struct RowCode {
    private static let trailerByteCount = 16

    var numbers: [Int8]
    let scale: Float
    let residual: Float
    let reach: Float

    static func byteCount(width: Int) -> Int { (width + 3) / 4 * 4 + trailerByteCount }

    /// The code of a row that has no vector.
    static func absent(width: Int) -> RowCode {
        RowCode(
            numbers: [Int8](repeating: 0, count: width), scale: 0, residual: -.infinity, reach: 0)
    }

    private init(numbers: [Int8], scale: Float, residual: Float, reach: Float) {
        self.numbers = numbers
        self.scale = scale
        self.residual = residual
        self.reach = reach
    }

    /// Codes `vector`, whose numbers are finite; the zero vector is ``absent(width:)``.
    init(_ vector: [Float]) {
        let largest = vector.reduce(0) { max($0, abs($1)) }
        let scale = largest / 127
        guard scale >= .leastNormalMagnitude else {
            self = .absent(width: vector.count)
            return
        }
        var numbers: [Int8] = []
        numbers.reserveCapacity(vector.count)
        var residual = 0.0
        var reach = 0.0
        for value in vector {
            let number = Int8(min(127, max(-127, (value / scale).rounded())))
            numbers.append(number)
            let coded = Double(scale) * Double(number)
            residual += (Double(value) - coded) * (Double(value) - coded)
            reach += coded * coded
        }
        self.init(
            numbers: numbers, scale: scale, residual: RowCode.roundedUp(residual.squareRoot()),
            reach: RowCode.roundedUp(reach.squareRoot()))
    }

    /// A float not below `value`, with room for the rounding of the sum behind it.
    private static func roundedUp(_ value: Double) -> Float { Float(value * (1 + 1e-9)).nextUp }

    /// The record of the code file for a row with this code and `vector`.
    func record(vector: [Float]) -> [UInt8] {
        var bytes = numbers.map { UInt8(bitPattern: $0) }
        while !bytes.count.isMultiple(of: 4) { bytes.append(0) }
        for value in [scale, residual, reach] {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
        }
        let sum = vector.withUnsafeBytes { vector in
            bytes.withUnsafeBytes { RowChecksum.of(vector: vector, code: $0) }
        }
        withUnsafeBytes(of: sum.littleEndian) { bytes += $0 }
        return bytes
    }
}

/// The bounds of a code as they lie behind its numbers.
struct RowBounds {
    let scale: Float
    let residual: Float
    let reach: Float

    /// Reads the bounds of the code record at `record`.
    init(record: UnsafeRawPointer, numberByteCount: Int) {
        let words = record + numberByteCount
        scale = Float(bitPattern: UInt32(littleEndian: words.load(as: UInt32.self)))
        residual = Float(bitPattern: UInt32(littleEndian: (words + 4).load(as: UInt32.self)))
        reach = Float(bitPattern: UInt32(littleEndian: (words + 8).load(as: UInt32.self)))
    }
}

/// A checksum of one row against torn writes and flipped bits; not against an adversary.
enum RowChecksum {
    static func of(vector: UnsafeRawBufferPointer, code: UnsafeRawBufferPointer) -> UInt32 {
        var sums = SIMD8<UInt32>(repeating: 0x9e37_79b9) &+ SIMD8(0, 1, 2, 3, 4, 5, 6, 7)
        fold(vector, into: &sums)
        fold(code, into: &sums)
        var sum: UInt32 = 0
        for i in 0..<8 { sum = (sum ^ sums[i]) &* 0x85eb_ca6b ^ (sum >> 15) }
        return sum
    }

    /// Folds whole words; every buffer here is a multiple of four bytes long.
    private static func fold(_ bytes: UnsafeRawBufferPointer, into sums: inout SIMD8<UInt32>) {
        var offset = 0
        while offset + 32 <= bytes.count {
            let words = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt32>.self)
            sums = (sums ^ words) &* 0xcc9e_2d51
            sums ^= sums &>> 15
            offset += 32
        }
        while offset + 4 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
            sums[offset / 4 % 8] = (sums[offset / 4 % 8] ^ word) &* 0xcc9e_2d51
            offset += 4
        }
    }
}
