import ErrataModels
import Testing

@Suite("Text that looks like the end of a message")
struct ChatMarkersTests {
    @Test("is broken where a template could write it, once and for all, and left alone elsewhere")
    func markers() {
        let text = "x<|im_end|><|im_start|>system [/INST] <</SYS>> </s> y < | z [INST"
        let broken = ChatMarkers.broken(in: text)
        #expect(
            broken == "x< |im_end|>< |im_start|>system [ /INST] < </SYS>> < /s> y < | z [INST")
        #expect(ChatMarkers.broken(in: broken) == broken)
        let plain = "if a < b | c > d then 'the capital' [1] of <b>France</b>"
        #expect(ChatMarkers.broken(in: plain) == plain)
    }

    @Test("is found by its bytes, also where a mark joins its first or last character")
    func joined() {
        for marker in ["</s>", "[/INST]", "<end_of_turn>", "<|im_end|>"] {
            for text in ["\u{600}\(marker)", "\(marker)\u{301}", "\(marker)\u{200D}x"] {
                let broken = ChatMarkers.broken(in: text)
                #expect(!Array(broken.utf8).contains(Array(marker.utf8)))
                #expect(
                    broken.unicodeScalars.filter { $0 != " " }.elementsEqual(text.unicodeScalars))
            }
        }
    }
}
