import ErrataAlignment
import Testing

@Suite("Relations")
struct RelationTests {
    @Test("the embedded relations follow every rule of their format")
    func embedded() throws {
        let relations = try RelationTable.embedded()
        #expect(relations.count >= 400)
        #expect(relations.allSatisfy { $0.clozes.count >= 2 && $0.questions.count >= 3 })
        #expect(relations.contains { !$0.siblings.isEmpty && !$0.inverse.isEmpty })
        let asked = Set(relations.map(\.subject))
        #expect(relations.contains { asked.contains($0.object) })
    }

    static let relation =
        #"{"name":"head","subject":"company","object":"person","clozes":["The head of {s} is"],"#
        + #""questions":["Who runs {s}?"],"inverse":["{o} runs"],"siblings":[],"phrase":"the head of {s}","#
        + #""many":false,"common":false}"#

    @Test("a relation is read with all its texts")
    func parses() throws {
        let relations = try RelationTable.parse(
            Array("[\(RelationTests.relation)]".utf8), place: "r.json")
        #expect(relations.map(\.name) == ["head"])
        #expect(relations.first?.inverse == ["{o} runs"])
        #expect(relations.first?.object == .person)
    }

    @Test(
        "a file that breaks a rule is refused with its place",
        arguments: [
            ("{}", "r.json: expected an array, found an object"),
            ("[]", "r.json: no relations"),
            ("[3]", "r.json: [0] must be an object, not 3"),
            (
                "[\(relation),\(relation)]",
                "r.json: 'head' stands there twice"
            ),
            (
                "[\(relation.replacing("\"company\"", with: "\"firm\""))]",
                "r.json: [0]: 'subject' names the kind 'firm', which is not known"
            ),
            (
                "[\(relation.replacing("Who runs {s}?", with: "Who runs it?"))]",
                "r.json: [0]: 'Who runs it?' must hold {s} once and nothing else in braces"
            ),
            (
                "[\(relation.replacing("\"siblings\":[]", with: "\"siblings\":[\"tail\"]"))]",
                "r.json: 'head' names the sibling 'tail', which is no relation of a company"
            ),
            (
                "[\(relation.replacing("\"many\":false", with: "\"many\":0"))]",
                "r.json: [0]: 'many' must be true or false"
            ),
        ])
    func refuses(text: String, message: String) {
        #expect {
            try RelationTable.parse(Array(text.utf8), place: "r.json")
        } throws: { error in
            (error as? DatasetError)?.message == message
        }
    }
}
