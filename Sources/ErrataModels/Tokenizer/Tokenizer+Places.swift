/// Where words of a text lie among its tokens.
extension Tokenizer {
    /// Returns the token in which `part` ends where it last stands inside `text`, or nil if it does not.
    ///
    /// `ids` are the tokens of something that holds `text`; if they do not spell it as it stands, `part` is looked
    /// for in all of them. ASCII letters match in either case.
    package func lastToken(of part: String, inside text: String, _ ids: [Int32]) -> Int? {
        let whole = folded(ids)
        let inner = Self.last(folded(text), in: whole, 0..<whole.count)
        guard let range = Self.last(folded(part), in: whole, inner ?? 0..<whole.count) else {
            return nil
        }
        // A character's first bytes alone are spelled as another one, which may be longer.
        return ids.indices.first {
            let bytes = folded(Array(ids[...$0]))
            return bytes.count >= range.upperBound
                && bytes[..<range.upperBound].elementsEqual(whole[..<range.upperBound])
        }
    }

    /// Returns a text as its tokens spell it, without white space around.
    private func folded(_ text: String) -> [UInt8] {
        let bytes = folded(encode(text, addSpecialTokens: false))
        let isSpace: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || (9...13).contains($0) }
        return Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }

    private func folded(_ ids: [Int32]) -> [UInt8] {
        decodedBytes(ids, skipSpecialTokens: false).map {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0
        }
    }

    private static func last(
        _ part: [UInt8], in bytes: [UInt8], _ range: Range<Int>
    ) -> Range<Int>? {
        guard !part.isEmpty, part.count <= range.count else { return nil }
        for start in (range.lowerBound...range.upperBound - part.count).reversed()
        where bytes[start..<start + part.count].elementsEqual(part) {
            return start..<start + part.count
        }
        return nil
    }
}
