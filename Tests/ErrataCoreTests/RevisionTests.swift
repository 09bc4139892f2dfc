import ErrataCore
import Testing

@Suite("Revisions")
struct RevisionTests {
    @Test("every form of the glossary parses")
    func parses() throws {
        let main = try #require(RefName("main"))
        #expect(try Revision("main").base == .name(main))
        #expect(try Revision("4be19c77").base == .commitPrefix("4be19c77"))
        #expect(try Revision("main~3").steps == 3)
        #expect(try Revision("main~").steps == 1)
        #expect(try Revision("main~2~1").steps == 3)
        #expect(try Revision("@1234").base == .operation(1234))
        #expect(try Revision("main@{1234}").base == .nameAtOperation(main, 1234))
        let end = try #require(Timestamp(rfc3339: "2026-11-01T23:59:59.999999Z"))
        #expect(try Revision("main@{2026-11-01}").base == .nameAtTime(main, end))
        let noon = try #require(Timestamp(rfc3339: "2026-11-01T12:00:00Z"))
        #expect(try Revision("main@{2026-11-01T14:00:00+02:00}~1").base == .nameAtTime(main, noon))
    }

    @Test(
        "other texts are refused",
        arguments: [
            "", "~", "~3", "main~x", "main~-1", "main~99999999", "@", "@x", "@-1", "main@{}",
            "main@{soon}", "main@2026", "a b", "..", "a//b", "/a", "-a", "é", "main@{2026-13-01}",
            String(repeating: "a", count: 101), String(repeating: "a", count: 65),
        ])
    func refuses(text: String) {
        #expect(throws: RevisionError.self) { try Revision(text) }
    }

    @Test("a name that reads as a commit is no name")
    func namesAreNotHex() {
        #expect(RefName("deadbeef") == nil)
        #expect(RefName("deadbee") != nil)
        #expect(RefName("feature/deadbeef") != nil)
    }
}
