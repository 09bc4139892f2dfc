/// Real names by kind, taken from the edits of real data sets.
enum NamePools {
    /// Topics whose subjects and objects are surely of their kinds.
    private static let subjectTopics: Set<String> = [
        "mother", "father", "child", "spouse", "siblings", "gender", "birthplace", "deathplace",
        "citizenship",
        "fieldOfWork", "office", "education", "spokenLanguage", "employer", "headquarters",
        "broadcaster", "developer", "ceo", "coach", "capital", "officialLanguage", "author",
    ]
    private static let objectTopics: Set<String> = [
        "mother", "father", "child", "spouse", "siblings", "birthplace", "deathplace",
        "citizenship", "occupation",
        "office", "playingPosition", "education", "religion", "spokenLanguage", "award",
        "memberOfTeam", "author", "founder", "chairperson", "ceo", "coach", "capital",
        "headquarters",
        "broadcaster", "developer", "sport", "instrument",
    ]
    private static let nameBytesMax = 60

    static func mined(_ records: [SourceRecord]) -> [EntityKind: [String]] {
        var pools: [EntityKind: [String]] = [:]
        var seen: [EntityKind: Set<String>] = [:]
        func add(_ name: String, _ kind: EntityKind) {
            guard name.utf8.count <= nameBytesMax else { return }
            if seen[kind, default: []].insert(name).inserted {
                pools[kind, default: []].append(name)
            }
        }
        for record in records {
            guard let topic = record.template.flatMap(Topic.of) else { continue }
            if subjectTopics.contains(topic.name) { add(record.subject, topic.subject) }
            if objectTopics.contains(topic.name) { add(record.object, topic.object) }
        }
        return pools
    }
}
