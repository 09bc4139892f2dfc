import Crypto
import ErrataModels

/// Returns SHA-256 over what scalars, between two letters, become and into how many words they fall.
///
/// The scalars and the form are those of make_reference.py. `tokenizer` cuts words without normalizing them.
func scalarDigest(_ tokenizer: Tokenizer) -> String {
    let normalizer = BertNormalizer(
        cleanText: true, handleChineseCharacters: true, stripAccents: nil, lowercase: true)
    let ranges: [Range<UInt32>] = [
        0..<0x3000, 0xA000..<0xAC00, 0xF900..<0x12000, 0x1D000..<0x1F000,
    ]
    var digest = SHA256()
    for value in ranges.joined() {
        guard let scalar = Unicode.Scalar(value) else { continue }
        let text: [Unicode.Scalar] = ["a", scalar, "b"]
        var string = String.UnicodeScalarView()
        string.append(contentsOf: normalizer(text))
        // Every other piece of a word starts so.
        let words = tokenizer.encode("a\(scalar)b", addSpecialTokens: false)
            .count { !tokenizer.decode([$0]).hasPrefix("##") }
        digest.update(data: Array("\(String(string)) \(words)\n".utf8))
    }
    return digest.finalize().map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}
