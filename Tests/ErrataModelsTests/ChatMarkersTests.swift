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
}
