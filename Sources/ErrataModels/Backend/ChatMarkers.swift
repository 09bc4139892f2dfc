/// What chat templates write between messages.
///
/// A tokenizer that is at hand says itself what its special tokens are. These are the ones that some
/// templates write as plain text, and those of the families that servers mostly hold.
package enum ChatMarkers {
    private static let markers = [
        "<|", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<s>", "</s>", "<start_of_turn>",
        "<end_of_turn>",
    ]

    /// Returns `text` with a space after the first character of each marker: no message ends within a fact.
    package static func broken(in text: String) -> String {
        markers.reduce(text) { text, marker in
            text.replacingBytes(of: marker, with: "\(marker.prefix(1)) \(marker.dropFirst())")
        }
    }
}
