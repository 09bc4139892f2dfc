// For the normal forms, which neither the standard library nor FoundationEssentials offers.
import Foundation

/// A step that rewrites text before it is cut into words.
indirect enum TextNormalizer: Sendable {
    case composed
    case decomposed
    case composedForCompatibility
    case decomposedForCompatibility
    case lowercase
    case stripAccents
    case prepend([UInt8])
    case replace(TextPattern, by: [UInt8])
    case strip(left: Bool, right: Bool)
    case bert(BertNormalizer)
    case sequence([TextNormalizer])

    /// Returns the text, which is UTF-8, rewritten.
    func callAsFunction(_ text: [UInt8]) -> [UInt8] {
        guard !text.isEmpty else { return text }
        switch self {
        case .composed: return Self.changed(text, \.precomposedStringWithCanonicalMapping)
        case .decomposed: return Self.changed(text, \.decomposedStringWithCanonicalMapping)
        case .composedForCompatibility:
            return Self.changed(text, \.precomposedStringWithCompatibilityMapping)
        case .decomposedForCompatibility:
            return Self.changed(text, \.decomposedStringWithCompatibilityMapping)
        case .lowercase: return Self.lowercased(text)
        case .stripAccents: return Self.withoutMarks(text)
        case .prepend(let head): return head + text
        case .replace(let pattern, let content): return Self.replaced(text, pattern, content)
        case .strip(let left, let right): return Self.stripped(text, left: left, right: right)
        case .bert(let normalizer):
            if text.allSatisfy({ $0 < 0x80 }) { return normalizer(ascii: text) }
            let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
            return Self.bytes(normalizer(scalars))
        case .sequence(let steps): return steps.reduce(text) { $1($0) }
        }
    }

    private static func changed(_ text: [UInt8], _ form: (String) -> String) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return text }
        return Array(form(String(decoding: text, as: UTF8.self)).utf8)
    }

    private static func lowercased(_ text: [UInt8]) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) {
            return text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
        return String(decoding: text, as: UTF8.self).unicodeScalars.flatMap {
            Array($0.properties.lowercaseMapping.utf8)
        }
    }

    private static func withoutMarks(_ text: [UInt8]) -> [UInt8] {
        if text.allSatisfy({ $0 < 0x80 }) { return text }
        return bytes(
            String(decoding: text, as: UTF8.self).unicodeScalars.filter {
                !CharacterClass($0).contains(.mark)
            })
    }

    private static func bytes(_ scalars: some Sequence<Unicode.Scalar>) -> [UInt8] {
        scalars.flatMap { UTF8.encode($0) ?? .init() }
    }

    static func replaced(_ text: [UInt8], _ pattern: TextPattern, _ content: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 4)
        for part in pattern.parts(of: text.span) {
            if part.isMatch { result += content } else { result += text[part.range] }
        }
        return result
    }

    private static func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        var scalars = String(decoding: text, as: UTF8.self).unicodeScalars[...]
        if left { scalars = scalars.drop { $0.properties.isWhitespace } }
        while right, let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return bytes(scalars)
    }
}
