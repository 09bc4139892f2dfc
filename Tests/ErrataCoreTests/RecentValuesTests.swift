import ErrataCore
import Testing

@Suite("Recent values")
struct RecentValuesTests {
    @Test("the newest half of the limit is kept, never more than the limit")
    func newest() {
        var values = RecentValues<Int, Int>(countMax: 10)
        for key in 0..<100 {
            values.insert(key * key, for: key)
            for recent in max(0, key - 4)...key { #expect(values[recent] == recent * recent) }
            #expect(values.count <= 10)
        }
        #expect(values[50] == nil)
    }

    @Test("what is asked for again and again stays")
    func asked() {
        var values = RecentValues<String, Int>(countMax: 4)
        values.insert(1, for: "asked")
        for key in 0..<50 {
            values.insert(key, for: "\(key)")
            #expect(values["asked"] == 1)
        }
    }

    @Test("a key has the value that it got last")
    func replaced() {
        var values = RecentValues<String, Int>(countMax: 4)
        for key in ["a", "b", "c", "a", "a"] { values.insert(key == "a" ? 1 : 2, for: key) }
        values.insert(3, for: "b")
        #expect(values["b"] == 3)
        #expect(values["a"] == 1)
    }
}
