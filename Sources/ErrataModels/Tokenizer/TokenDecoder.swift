/// A step that turns tokens back into text.
indirect enum TokenDecoder: Sendable {
    case byteLevel
    case byteFallback
    case fuse
    /// Takes at most so many of a character from the ends of each token.
    case strip([UInt8], start: Int, stop: Int)
    case replace([UInt8], by: [UInt8])
    case metaspace([UInt8], dropsFirst: Bool)
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    case sequence([TokenDecoder])

    func callAsFunction(_ tokens: [[UInt8]]) -> [[UInt8]] {
        switch self {
        case .byteLevel:
            // What is no character becomes U+FFFD here: a later step sees text.
            let bytes = tokens.flatMap { ByteAlphabet.bytes(of: $0) ?? $0 }
            return [Self.repaired(bytes)]
        case .byteFallback: return Self.joiningBytes(tokens)
        case .fuse: return [Array(tokens.joined())]
        case .strip(let content, let start, let stop):
            return tokens.map { Self.stripped($0, content, start, stop) }
        case .replace(let old, let new):
            return tokens.map { TextNormalizer.replaced($0, .literal(old), new) }
        case .metaspace(let mark, let dropsFirst):
            return tokens.enumerated().map { place, token in
                let space = place == 0 && dropsFirst ? [] : [UInt8(ascii: " ")]
                return TextNormalizer.replaced(token, .literal(mark), space)
            }
        case .wordPiece(let prefix, let cleansUp):
            return Self.joiningPieces(tokens, prefix, cleansUp: cleansUp)
        case .sequence(let steps): return steps.reduce(tokens) { $1($0) }
        }
    }

    private static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    /// Makes runs of tokens like "<0xE2>" text, or one U+FFFD a byte if they are none.
    private static func joiningBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var run: [UInt8] = []
        func endRun() {
            guard !run.isEmpty else { return }
            if String(validating: run, as: UTF8.self) != nil {
                result.append(run)
            } else {
                result += run.map { _ in Array("\u{FFFD}".utf8) }
            }
            run = []
        }
        for token in tokens {
            if let byte = byte(of: token) {
                run.append(byte)
            } else {
                endRun()
                result.append(token)
            }
        }
        endRun()
        return result
    }

    /// Returns the byte that a token like "<0xE2>" stands for.
    private static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: Array("<0x".utf8)),
            token[5] == UInt8(ascii: ">")
        else { return nil }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }

    private static func stripped(
        _ token: [UInt8], _ content: [UInt8], _ start: Int, _ stop: Int
    ) -> [UInt8] {
        var token = token[...]
        for _ in 0..<start {
            guard token.starts(with: content) else { break }
            token = token.dropFirst(content.count)
        }
        for _ in 0..<stop {
            guard token.suffix(content.count).elementsEqual(content) else { break }
            token = token.dropLast(content.count)
        }
        return Array(token)
    }

    private static func joiningPieces(
        _ tokens: [[UInt8]], _ prefix: [UInt8], cleansUp: Bool
    ) -> [[UInt8]] {
        tokens.enumerated().map { place, token in
            var token = token
            if place > 0 {
                token =
                    token.starts(with: prefix)
                    ? Array(token.dropFirst(prefix.count)) : [UInt8(ascii: " ")] + token
            }
            return cleansUp ? cleanedUp(token) : token
        }
    }

    private static let cleanups: [(old: [UInt8], new: [UInt8])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
        (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

    private static func cleanedUp(_ token: [UInt8]) -> [UInt8] {
        cleanups.reduce(token) { TextNormalizer.replaced($0, .literal($1.old), $1.new) }
    }
}
