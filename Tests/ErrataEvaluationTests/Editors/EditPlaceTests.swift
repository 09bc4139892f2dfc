import ErrataModels
import ErrataTesting
import Testing

@Suite("Where a subject ends among tokens")
struct EditPlaceTests {
    private static let template =
        "{% for m in messages %}{{ '<s>' if loop.first }}[{{ m['role'] }}]{{ m['content'] }}</s>"
        + "{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"

    private let parent: TemporaryDirectory
    private let base: DecoderBase

    init() throws {
        parent = try TemporaryDirectory()
        base = try DecoderBase(
            directory: try TinyModel(in: parent, chatTemplate: Self.template, ends: true)
                .directory)
    }

    /// Returns what the tokens up to the place spell.
    private func before(_ subject: String, _ prompt: String) throws -> String? {
        let tokens = try base.tokens(
            of: [ChatMessage(.user, prompt), ChatMessage(.assistant, "")],
            endOfMessage: try base.endOfMessage())
        let asked = Array(tokens.tokens[..<tokens.answerStart])
        guard let place = base.tokenizer.lastToken(of: subject, inside: prompt, asked) else {
            return nil
        }
        return base.tokenizer.decode(Array(asked[...place]), skipSpecialTokens: false)
    }

    @Test(
        "is its last character where it last stands in the prompt",
        arguments: [
            ("zam", "the hue of zam is", "<s>[user]the hue of zam"),
            ("zam", "zam, zam: hue?", "<s>[user]zam, zam"),
            ("Zam ", "the hue of zam is", "<s>[user]the hue of zam"),
            ("assistant", "an assistant is", "<s>[user]an assistant"),
            ("user", "user", "<s>[user]user"),
            ("the hue of zam is", "the hue of zam is", "<s>[user]the hue of zam is"),
        ])
    func found(subject: String, prompt: String, expected: String) throws {
        #expect(try before(subject, prompt) == expected)
    }

    @Test("is nowhere where it does not stand", arguments: ["zams", "", "assistant"])
    func missing(subject: String) throws {
        #expect(try before(subject, "the hue of zam is") == nil)
    }

    @Test("is the token that ends it, in a vocabulary of pieces of words")
    func pieces() throws {
        let model = try EmbeddedDecoder.load(threads: 1)
        let prompt = "In which country is the Großglockner-Hochalpenstraße found?"
        let tokens = try model.prompt(of: [("user", prompt)])
        let place = try #require(
            model.tokenizer.lastToken(
                of: "Großglockner-Hochalpenstraße", inside: prompt, tokens))
        let text = model.tokenizer.decode(Array(tokens[...place]), skipSpecialTokens: true)
        #expect(text.hasSuffix("Großglockner-Hochalpenstraße"))
        let less = model.tokenizer.decode(Array(tokens[..<place]), skipSpecialTokens: true)
        #expect(!less.contains("Großglockner-Hochalpenstraße"))
    }
}
