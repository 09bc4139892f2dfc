import ErrataCore
import Testing

@Suite("Commits")
struct CommitTests {
    private func digest(_ byte: UInt8) throws -> Digest {
        try #require(Digest([UInt8](repeating: byte, count: 32)))
    }

    private func example() throws -> Commit {
        let first = try #require(FactID([UInt8](repeating: 1, count: 16)))
        let second = try #require(FactID([UInt8](repeating: 2, count: 16)))
        return Commit(
            parents: [CommitID(try digest(3))], root: try digest(4),
            edits: [
                Edit(fact: second, old: Leaf(try digest(5)), new: nil),
                Edit(fact: first, old: nil, new: Leaf(try digest(6))),
            ],
            author: "Ada", message: "Add and drop", time: Timestamp(microseconds: 1_000_000))
    }

    @Test("a commit reads back and keeps its id")
    func roundTrip() throws {
        let commit = try example()
        #expect(try Commit(decoding: commit.encoded) == commit)
        #expect(commit.edits.map(\.kind) == [.assert, .retract])
    }

    @Test("the id of a known commit never changes")
    func goldenID() throws {
        #expect(
            try example().id.hex
                == "ae771b6b6f800d5853c824cc633e982bd16a40ed3eb2fa609c1aa6c305533e1b")
    }

    @Test("no broken encoding is taken for a commit")
    func refusesBrokenBytes() throws {
        let bytes = try example().encoded
        for i in bytes.indices {
            #expect(throws: CBORError.self) { try Commit(decoding: Array(bytes[..<i])) }
            var changed = bytes
            changed[i] ^= 0x40
            guard let commit = try? Commit(decoding: changed) else { continue }
            #expect(commit.encoded == changed)
        }
    }

    @Test("an actor reads back", arguments: [nil, "ada"], [nil, "/run/e.sock"])
    func actorRoundTrip(userName: String?, socket: String?) throws {
        let actor = Actor(
            uid: 1000, gid: 100, groups: [27, 4], pid: 4242, userName: userName, socket: socket)
        var out = CBORWriter(capacity: 64)
        actor.write(to: &out)
        #expect(try Actor(CBOR(decoding: out.bytes)) == actor)
        #expect(actor.groups == [4, 27])
    }
}
