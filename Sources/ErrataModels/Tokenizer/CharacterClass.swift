/// What the words of a pattern are made of: letters, numbers, marks, white space.
///
/// The categories are those of Unicode 16, the version of the regular expressions in Hugging Face
/// tokenizers 0.23; what was assigned later has none.
struct CharacterClass: OptionSet {
    let rawValue: UInt8

    static let letter = CharacterClass(rawValue: 1)
    static let number = CharacterClass(rawValue: 2)
    static let mark = CharacterClass(rawValue: 4)
    static let space = CharacterClass(rawValue: 8)
    /// A carriage return or line feed.
    static let newline = CharacterClass(rawValue: 16)

    /// The classes of the basic plane, which nearly all text is of.
    private static let basic: [UInt8] = (0..<UInt32(0x10000)).map {
        Unicode.Scalar($0).map { CharacterClass(computing: $0).rawValue } ?? 0
    }

    @inline(__always)
    init(rawValue: UInt8) { self.rawValue = rawValue }

    @inline(__always)
    init(_ scalar: Unicode.Scalar) {
        self =
            scalar.value < 0x10000
            ? CharacterClass(rawValue: Self.basic[Int(scalar.value)])
            : CharacterClass(computing: scalar)
    }

    private init(computing scalar: Unicode.Scalar) {
        guard let age = scalar.properties.age, age.major <= 16 else {
            self = []
            return
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = .letter
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        case .nonspacingMark, .spacingMark, .enclosingMark: self = .mark
        default: self = scalar.properties.isWhitespace ? .space : []
        }
        if scalar == "\r" || scalar == "\n" { insert(.newline) }
    }
}
