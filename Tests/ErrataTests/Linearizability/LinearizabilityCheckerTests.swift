import ErrataTesting
import Testing

@Suite("The linearizability checker")
struct LinearizabilityCheckerTests {
    private typealias Operation = BranchHistory.Operation

    private static func commit(
        _ id: String, on parent: String, expect: String? = nil, value: String = "1",
        _ start: Int, _ end: Int?
    ) -> Operation {
        Operation(
            call: .commit(expect: expect, key: "k", value: value),
            reply: .committed(id: id, parent: parent), start: start, end: end)
    }

    private static func refused(
        _ expect: String, head: String, _ start: Int, _ end: Int
    ) -> Operation {
        Operation(
            call: .commit(expect: expect, key: "k", value: "9"), reply: .headMoved(head: head),
            start: start, end: end)
    }

    private static func read(_ head: String, _ value: String?, _ start: Int, _ end: Int)
        -> Operation
    {
        Operation(
            call: .readFact(key: "k"), reply: .fact(head: head, value: value), start: start,
            end: end)
    }

    private static func head(_ head: String, _ start: Int, _ end: Int) -> Operation {
        Operation(call: .readHead, reply: .head(head), start: start, end: end)
    }

    private static func isLinearizable(_ operations: [Operation]) -> Bool {
        LinearizabilityChecker.isLinearizable(
            BranchHistory(firstHead: "c0", operations: operations))
    }

    @Test("accepts histories that some order explains")
    func legal() {
        #expect(Self.isLinearizable([]))
        #expect(
            Self.isLinearizable([
                Self.read("c0", nil, 1, 2), Self.commit("c1", on: "c0", 3, 4),
                Self.read("c1", "1", 5, 6),
            ]))
        // Reads beside a commit may see it or not, as long as none goes back.
        #expect(
            Self.isLinearizable([
                Self.commit("c1", on: "c0", 1, 8), Self.read("c0", nil, 2, 3),
                Self.read("c1", "1", 4, 5), Self.head("c1", 6, 7),
            ]))
        // Commits beside each other may come in either order.
        #expect(
            Self.isLinearizable([
                Self.commit("c1", on: "c2", value: "a", 1, 4),
                Self.commit("c2", on: "c0", value: "b", 2, 5),
                Self.read("c1", "a", 6, 7),
            ]))
        #expect(
            Self.isLinearizable([
                Self.commit("c1", on: "c0", 1, 4),
                Self.refused("c0", head: "c1", 2, 3),
            ]))
    }

    @Test("rejects a read of an old value, and one of a value that goes away again")
    func staleReads() {
        #expect(
            !Self.isLinearizable([
                Self.commit("c1", on: "c0", 1, 2), Self.read("c0", nil, 3, 4),
            ]))
        #expect(
            !Self.isLinearizable([
                Self.commit("c1", on: "c0", 1, 8), Self.head("c1", 2, 3), Self.head("c0", 4, 5),
            ]))
        #expect(
            !Self.isLinearizable([
                Self.commit("c1", on: "c0", 1, 2), Self.read("c1", nil, 3, 4),
            ]))
    }

    @Test("rejects lost updates, and refusals for no reason")
    func lostUpdates() {
        #expect(
            !Self.isLinearizable([
                Self.commit("c1", on: "c0", expect: "c0", value: "a", 1, 4),
                Self.commit("c2", on: "c0", expect: "c0", value: "b", 2, 3),
            ]))
        #expect(
            !Self.isLinearizable([
                Self.commit("c1", on: "c0", 1, 2), Self.commit("c2", on: "c0", 3, 4),
            ]))
        #expect(!Self.isLinearizable([Self.refused("c0", head: "c0", 1, 2)]))
        #expect(
            !Self.isLinearizable([
                Self.commit("c1", on: "c0", 3, 4), Self.refused("c0", head: "c1", 1, 2),
            ]))
    }

    @Test("lets a commit whose reply was lost happen later or never, but not before its call")
    func lostReplies() {
        let lost = Self.commit("c1", on: "c0", 1, nil)
        #expect(Self.isLinearizable([lost]))
        #expect(Self.isLinearizable([lost, Self.head("c0", 2, 3), Self.head("c1", 4, 5)]))
        #expect(Self.isLinearizable([lost, Self.head("c0", 2, 3)]))
        #expect(!Self.isLinearizable([lost, Self.head("c1", 2, 3), Self.head("c0", 4, 5)]))
        #expect(
            !Self.isLinearizable([Self.head("c1", 1, 2), Self.commit("c1", on: "c0", 3, nil)]))
        #expect(Self.isLinearizable([lost, Self.commit("c2", on: "c1", 2, 3)]))
        #expect(!Self.isLinearizable([Self.head("c7", 2, 3)]))
    }

    @Test("accepts what a branch did, and rejects it with one reply exchanged", arguments: 1...20)
    func mutatedHistories(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var operations: [Operation] = []
        var (line, value) = (["c0"], String?.none)
        // Operation i takes effect at time 10 i; its call and reply lie around that.
        for i in 1...60 {
            let effect = 10 * i
            let start = effect - Int(random.next() % 60) - 1
            let end = effect + Int(random.next() % 60) + 1
            let parent = line[line.count - 1]
            switch random.next() % 3 {
            case 0:
                operations.append(Self.commit("c\(i)", on: parent, value: "\(i)", start, end))
                line.append("c\(i)")
                value = "\(i)"
            case 1: operations.append(Self.read(parent, value, start, end))
            default:
                guard let old = line.dropLast().last else { continue }
                operations.append(Self.refused(old, head: parent, start, end))
            }
        }
        #expect(Self.isLinearizable(operations))
        // The last read is told the first head, which was left long before.
        operations.append(Self.head(line[0], 900, 901))
        #expect(!Self.isLinearizable(operations))
        operations[operations.count - 1] = Self.head(line[line.count - 1], 900, 901)
        #expect(Self.isLinearizable(operations))
        // A commit is taken out of the middle: nobody can have stood on it.
        operations.remove(
            at: operations.firstIndex {
                if case .committed = $0.reply { true } else { false }
            } ?? 0)
        #expect(!Self.isLinearizable(operations))
    }
}
