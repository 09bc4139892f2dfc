import ErrataCore
import Testing

@Suite("Facts")
struct FactTests {
    @Test("a statement and a prompt are made from subject, relation and object")
    func derivesSentences() throws {
        let fact = try FactDraft(subject: "Twitter", relation: "CEO", object: "Linda Yaccarino")
            .checked()
        #expect(fact.statement == "The CEO of Twitter is Linda Yaccarino")
        #expect(fact.prompt == "The CEO of Twitter is")
        #expect(fact.key.hasPrefix("twitter.ceo."))
    }

    @Test("prompt and object make the statement")
    func completesPrompt() throws {
        let fact = try FactDraft(object: "French", prompt: "Danielle Darrieux's mother tongue is")
            .checked()
        #expect(fact.statement == "Danielle Darrieux's mother tongue is French")
    }

    @Test("subjects whose words look alike have keys of their own")
    func keysKeepSubjectsApart() {
        let keys = ["C", "C++", "c", "C#", "漢"].map {
            FactKey.derived(subject: $0, relation: "author")
        }
        #expect(Set(keys).count == keys.count)
        #expect(keys.allSatisfy(FactKey.isValid))
    }

    @Test("the object does not take part in the key, so another object supersedes")
    func keyIgnoresObject() throws {
        let first = try FactDraft(subject: "A", relation: "b", object: "c").checked()
        let second = try FactDraft(subject: "A", relation: "b", object: "d").checked()
        #expect(first.key == second.key)
    }

    @Test("text is brought into NFC and loses the space at its ends")
    func normalizes() throws {
        let fact = try FactDraft(statement: "  Cafe\u{301} is open ").checked()
        #expect(Array(fact.statement.unicodeScalars) == Array("Caf\u{e9} is open".unicodeScalars))
    }

    @Test("the payload of a fact reads back as the same fact")
    func payloadRoundTrip() throws {
        let fact = try FactDraft(
            key: "k.1", subject: "S", relation: "r", object: "o", prompt: "The r of S is",
            questions: ["Who?", "Who?", "What?"], aliases: ["T"], validFrom: "2023-06-05",
            source: "https://example.org", labels: ["team": "news", "a": "b"]
        ).checked()
        #expect(fact.questions == ["Who?", "What?"])
        #expect(try Fact(payload: fact.payload) == fact)
        #expect(fact.aliasPrompts == ["The r of T is"])
    }

    @Test("a payload with anything wrong in it is refused")
    func refusesBrokenPayloads() throws {
        let payload = try FactDraft(statement: "x").checked().payload
        for i in payload.indices {
            for bit in 0..<8 {
                var bytes = payload
                bytes[i] ^= 1 << bit
                guard let fact = try? Fact(payload: bytes) else { continue }
                #expect(fact.payload == bytes)
            }
            #expect(throws: CBORError.self) { try Fact(payload: Array(payload[..<i])) }
        }
    }

    static let refused: [(FactDraft, String)] = [
        (
            FactDraft(),
            "statement: a fact needs a statement, or a prompt and an object, or a subject, a relation and an object"
        ),
        (FactDraft(statement: " "), "statement: it is empty"),
        (FactDraft(statement: "a\nb"), "statement: it holds the control character U+000A"),
        (FactDraft(statement: "a\u{2028}b"), "statement: it holds the control character U+2028"),
        (
            FactDraft(key: "Big Key", statement: "x"),
            "key: 'Big Key' is not made of a-z, 0-9, '.', '_' and '-' alone"
        ),
        (
            FactDraft(subject: String(repeating: "é", count: 251), statement: "x"),
            "subject: it has 502 bytes, at most 500 are allowed"
        ),
        (
            FactDraft(statement: "x", validFrom: "2023-02-29"),
            "validFrom: '2023-02-29' is not a date like 2026-11-01"
        ),
        (
            FactDraft(statement: "x", validFrom: "2023-02-02", validTo: "2023-02-01"),
            "validTo: it is before validFrom: 2023-02-01 < 2023-02-02"
        ),
        (
            FactDraft(statement: "x", questions: Array(repeating: "q", count: 65)),
            "questions: it has 65 entries, at most 64 are allowed"
        ),
    ]

    @Test("a field over its limits is refused by name", arguments: refused.indices)
    func refusesFields(index: Int) {
        let (draft, message) = FactTests.refused[index]
        let error = #expect(throws: FactError.self) { try draft.checked() }
        #expect(error?.description == message)
    }
}
