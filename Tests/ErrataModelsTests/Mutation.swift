import Foundation

/// Seeded damage to files, for the tests that feed readers with bad ones.
enum Mutation {
    /// Returns how many files to damage: `long` with ERRATA_LONG_TESTS=1, or what ERRATA_FUZZ_ROUNDS says.
    static func roundCount(short: Int, long: Int) -> Int {
        let environment = ProcessInfo.processInfo.environment
        return environment["ERRATA_FUZZ_ROUNDS"].flatMap { Int($0) }
            ?? (environment["ERRATA_LONG_TESTS"] == "1" ? long : short)
    }

    /// Changes, cuts, doubles or moves bytes, `count` times.
    static func apply(to bytes: inout [UInt8], count: Int, _ random: inout SplitMix) {
        for _ in 0..<count where bytes.count > 1 {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let length = Int.random(in: 1...40, using: &random)
            let end = min(bytes.count, place + length)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4:
                let other = Int.random(in: 0..<bytes.count, using: &random)
                let otherEnd = min(bytes.count, other + length)
                bytes.replaceSubrange(place..<end, with: Array(bytes[other..<otherEnd]))
            case 5:
                let words = ["null", "true", "-1", "99999999999", "1e9", "\"\"", "[]", "{}", "\""]
                let word = words.randomElement(using: &random) ?? ""
                bytes.replaceSubrange(place..<min(end, place + 4), with: word.utf8)
            default: bytes.removeSubrange(place...)
            }
        }
    }

    /// Changes one letter or digit into another: most files stay readable and say something else.
    static func applyGently(to bytes: inout [UInt8], _ random: inout SplitMix) {
        for _ in 0..<100 {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let kinds: [ClosedRange<UInt8>] = [0x30...0x39, 0x41...0x5A, 0x61...0x7A]
            guard let kind = kinds.first(where: { $0.contains(bytes[place]) }) else { continue }
            bytes[place] = UInt8.random(in: kind, using: &random)
            return
        }
    }
}
