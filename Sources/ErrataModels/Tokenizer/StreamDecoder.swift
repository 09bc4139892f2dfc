/// Decodes tokens one by one; what it returns, joined, is the text.
///
/// A character is never split: bytes that may be the start of one are held until the rest arrives.
/// Where byte tokens make no text, whole characters before them were returned already, while `decode`
/// replaces every byte of such a run.
package struct StreamDecoder: Sendable {
    /// Tokens that are held while they end in no whole character; more are returned as they are.
    package static let heldCountMax = 32

    private let tokenizer: Tokenizer
    private let skipsSpecial: Bool
    /// The tokens returned last, which decide about the space before the next, and those held.
    private var window: [Int32] = []
    private var returnedCount = 0
    /// How many bytes of the window's text were returned.
    private var byteCount = 0

    init(_ tokenizer: Tokenizer, skipsSpecial: Bool) {
        self.tokenizer = tokenizer
        self.skipsSpecial = skipsSpecial
    }

    /// Takes a token and returns the text that is certain now, often none.
    package mutating func append(_ id: Int32) -> String {
        if skipsSpecial, tokenizer.isSpecial(id) { return "" }
        window.append(id)
        let text = tokenizer.decodedBytes(window, skipSpecialTokens: skipsSpecial)
        let isHeldTooLong = window.count - returnedCount > Self.heldCountMax
        let end = isHeldTooLong ? text.count : Self.certainCount(text)
        guard end > byteCount else { return "" }
        let new = String(decoding: text[byteCount..<end], as: UTF8.self)
        byteCount = end
        if end == text.count {
            window.removeFirst(returnedCount)
            returnedCount = window.count
            byteCount = tokenizer.decodedBytes(window, skipSpecialTokens: skipsSpecial).count
        }
        return new
    }

    /// Returns what is held, with U+FFFD for what is no character, and starts anew.
    package mutating func finish() -> String {
        let text = tokenizer.decodedBytes(window, skipSpecialTokens: skipsSpecial)
        defer { self = StreamDecoder(tokenizer, skipsSpecial: skipsSpecial) }
        return String(decoding: text.dropFirst(byteCount), as: UTF8.self)
    }

    /// Returns the count of bytes before the replacement characters at the end.
    private static func certainCount(_ text: [UInt8]) -> Int {
        let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]
        var end = text.count
        while end >= 3, text[end - 3..<end].elementsEqual(replacement) { end -= 3 }
        return end
    }
}
