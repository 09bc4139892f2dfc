extension String {
    /// Returns the text with `replacement` at each place where its bytes are those of `pattern`, from left to right.
    ///
    /// The library's `replacing` compares characters: one mark that joins the last of them, such as an accent
    /// after a bracket, hides a pattern from it that everybody who reads bytes still finds.
    package func replacingBytes(of pattern: String, with replacement: String) -> String {
        let (text, pattern) = (Array(utf8), Array(pattern.utf8))
        guard !pattern.isEmpty, text.count >= pattern.count else { return self }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var place = 0
        while place < text.count {
            if text[place...].starts(with: pattern) {
                bytes += replacement.utf8
                place += pattern.count
            } else {
                bytes.append(text[place])
                place += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
