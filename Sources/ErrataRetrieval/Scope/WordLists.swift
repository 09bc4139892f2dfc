/// The closed word lists that the scope signals read.
enum WordLists {
    static let articles: Set<String> = ["the", "a", "an"]

    /// Words that carry no relation: function words, question words, and fillers of clozes.
    static let stop: Set<String> = Set(
        """
        a an the of in on at to for from by with and or is are was were be been being do does did \
        done has have had what whats which who whom whose when where why how that this these those \
        it its as into than then there s would will can could may might should shall name names \
        named called listed list known one he she his her they their him them also about being \
        you me my i your person thing associated not
        """.split(separator: " ").map(String.init))

    static let place: Set<String> = Set(
        """
        where city town country place nation state located location birthplace continent village \
        capital county region
        """.split(separator: " ").map(String.init))

    static let time: Set<String> = ["when", "year", "date", "day", "month", "time", "century"]

    static let person: Set<String> = Set(
        """
        who whom whose father mother spouse wife husband child son daughter sister brother author \
        director founder creator person
        """.split(separator: " ").map(String.init))

    static let months: Set<String> = Set(
        """
        january february march april may june july august september october november december
        """.split(separator: " ").map(String.init))

    /// For each word of a fact, the words with which a question asks for it from the other end.
    static let inverses: [String: Set<String>] = {
        let child: Set<String> = ["son", "daughter", "child", "children", "kid"]
        let parent: Set<String> = ["father", "mother", "parent", "parents"]
        let spouse: Set<String> = ["spouse", "husband", "wife", "married"]
        let sibling: Set<String> = ["sibling", "siblings", "brother", "sister"]
        var table: [String: Set<String>] = ["follows": ["followed"], "followed": ["follows"]]
        for word in ["father", "mother", "parent"] { table[word] = child }
        for word in ["son", "daughter", "child", "children"] { table[word] = parent }
        for word in spouse { table[word] = spouse }
        for word in sibling { table[word] = sibling }
        return table
    }()
}
