/// Text on its way to the model: UTF-8, cut into pieces.
struct PieceText {
    var bytes: [UInt8]
    var pieces: [Range<Int>]
    /// Whether the text starts where the whole input does.
    let isAtStart: Bool

    init(_ bytes: [UInt8], isAtStart: Bool) {
        self.bytes = bytes
        pieces = bytes.isEmpty ? [] : [0..<bytes.count]
        self.isAtStart = isAtStart
    }

    /// Cuts each piece at the matches of a pattern; `inverts` takes what is between them for matches.
    mutating func split(_ pattern: TextPattern, _ behavior: SplitBehavior, inverts: Bool = false) {
        let (text, old) = (bytes, pieces)
        var result: [Range<Int>] = []
        result.reserveCapacity(max(old.count, text.count / 4))
        for piece in old {
            var parts = pattern.parts(of: text.span.extracting(piece))
            if inverts {
                parts = parts.map { TextPattern.Part(range: $0.range, isMatch: !$0.isMatch) }
            }
            for part in behavior.pieces(parts) {
                result.append(
                    part.lowerBound + piece.lowerBound..<part.upperBound + piece.lowerBound)
            }
        }
        pieces = result
    }

    /// Cuts each piece into the runs between white space, each punctuation character by itself.
    mutating func splitAtPunctuation() {
        let old = pieces
        pieces = []
        pieces.reserveCapacity(max(old.count, bytes.count / 4))
        for piece in old {
            var start = piece.lowerBound
            var position = start
            while position < piece.upperBound {
                let (scalar, length) = decodeScalar(bytes.span, at: position)
                let end = position + length
                let isPunctuation = scalar.isBertPunctuation
                if isPunctuation || scalar.isBertSpace {
                    if start < position { pieces.append(start..<position) }
                    if isPunctuation { pieces.append(position..<end) }
                    start = end
                }
                position = end
            }
            if start < piece.upperBound { pieces.append(start..<piece.upperBound) }
        }
    }

    /// Rewrites each piece; `body` appends what becomes of a piece to the bytes that it is given.
    mutating func rewrite(_ body: (ArraySlice<UInt8>, inout [UInt8]) -> Void) {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + pieces.count)
        var rewritten: [Range<Int>] = []
        for piece in pieces {
            let start = result.count
            body(bytes[piece], &result)
            rewritten.append(start..<result.count)
        }
        pieces = rewritten
        bytes = result
    }
}

/// A step that cuts text into the words that the model never joins.
indirect enum PreTokenizer: Sendable {
    /// Where a `Metaspace` puts its character in front.
    enum Prepending: String, Sendable {
        case always, first, never
    }

    /// The bytes themselves become characters inside the model.
    case byteLevel(addsSpace: Bool, splits: Bool)
    case split(TextPattern, SplitBehavior, inverts: Bool)
    case metaspace([UInt8], Prepending, splits: Bool)
    case bert
    case sequence([PreTokenizer])

    func callAsFunction(_ text: inout PieceText) {
        switch self {
        case .byteLevel(let addsSpace, let splits):
            if addsSpace { Self.addSpace(&text) }
            if splits { text.split(.words(.gpt2), .isolated) }
        case .split(let pattern, let behavior, let inverts):
            text.split(pattern, behavior, inverts: inverts)
        case .metaspace(let mark, let prepending, let splits):
            Self.markSpaces(&text, mark, prepending)
            if splits { text.split(.literal(mark), .mergedWithNext) }
        case .bert: text.splitAtPunctuation()
        case .sequence(let steps): for step in steps { step(&text) }
        }
    }

    /// Whether the last step makes bytes the alphabet.
    var endsInBytes: Bool {
        switch self {
        case .byteLevel: true
        case .sequence(let steps): steps.last?.endsInBytes ?? false
        default: false
        }
    }

    private static func addSpace(_ text: inout PieceText) {
        let space = UInt8(ascii: " ")
        text.rewrite { piece, result in
            if piece.first != space { result.append(space) }
            result += piece
        }
    }

    private static func markSpaces(
        _ text: inout PieceText, _ mark: [UInt8], _ prepending: Prepending
    ) {
        let isAtStart = text.isAtStart
        text.rewrite { piece, result in
            let prepends =
                prepending == .always
                || (prepending == .first && isAtStart && piece.startIndex == 0)
            if prepends, piece.first != UInt8(ascii: " "), !piece.starts(with: mark) {
                result += mark
            }
            for byte in piece {
                if byte == UInt8(ascii: " ") { result += mark } else { result.append(byte) }
            }
        }
    }
}
