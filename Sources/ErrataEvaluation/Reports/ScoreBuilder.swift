/// Adds measurements up.
package struct ScoreBuilder {
    private let items: [EvaluationItem]
    private let superseded: Set<Int>
    private let selection: ScoreSelection
    private let seed: UInt64
    /// The classes of a metric's questions, in the order in which they come.
    private let classNames: [Score.Metric: [String]]

    package init(_ set: EvaluationSet, _ selection: ScoreSelection, seed: UInt64) {
        items = set.items
        superseded = set.superseded
        self.selection = selection
        self.seed = seed
        var (portability, locality): ([String], [String]) = ([], [])
        for kind in set.items.lazy.flatMap(\.questions).map(\.kind) {
            switch kind {
            case .portability(let name) where !portability.contains(name): portability.append(name)
            case .locality(let name) where !locality.contains(name): locality.append(name)
            default: break
            }
        }
        classNames = [
            .portability: portability, .locality: locality, .cleanLocality: locality,
        ]
    }

    /// Returns one score for each method and label, in the order in which they were measured first.
    package func scores(_ measured: [ItemMeasurement]) -> [Score] {
        var order: [[String]] = []
        var groups: [[String]: [ItemMeasurement]] = [:]
        for item in measured where isCounted(item) {
            let key = [item.method, item.version]
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(item)
        }
        return order.compactMap { groups[$0].map(score) }
    }

    /// Values of a metric by item, to compare two runs with.
    package func values(
        of metric: Score.Metric, tokens: Bool, in measured: [ItemMeasurement]
    ) -> ItemValues {
        var tally = Tally(itemCount: items.count)
        for item in measured where isCounted(item) { add(item, to: &tally) }
        return (tokens ? tally.tokens[metric] : tally.exact[metric])?.values
            ?? ItemValues(classCount: 1, itemCount: items.count)
    }

    private func isCounted(_ item: ItemMeasurement) -> Bool {
        guard items.indices.contains(item.item) else { return false }
        return !selection.leavesOutSuperseded || !superseded.contains(item.item)
    }

    private func score(_ measured: [ItemMeasurement]) -> Score {
        var tally = Tally(itemCount: items.count)
        for item in measured { add(item, to: &tally) }
        let seconds = measured.map(\.seconds).sorted()
        var score = Score(
            method: measured[0].method, version: measured[0].version,
            edits: measured.map(\.edits).max() ?? 0, itemCount: measured.count,
            secondsPerItem: seconds[seconds.count / 2])
        for (metric, values) in tally.tokens {
            score.tokens[metric.rawValue] = value(values.values, percent: true)
            guard metric != .cleanLocality else { continue }
            for (name, values) in values.byClass {
                score.classTokens[name] = value(values, percent: true)
            }
        }
        for (metric, values) in tally.exact {
            score.exact[metric.rawValue] = value(values.values, percent: metric != .fluency)
            guard metric != .cleanLocality else { continue }
            for (name, values) in values.byClass {
                score.classExact[name] = value(values, percent: true)
            }
        }
        score.kinds = tally.kinds
        score.tooLongCount = tally.tooLongCount
        return score
    }

    private func value(_ values: ItemValues, percent: Bool) -> Score.Value? {
        guard let mean = values.mean, let range = Bootstrap.interval(values, seed: seed) else {
            return nil
        }
        let scale = percent ? 100.0 : 1
        return Score.Value(
            mean: scale * mean, low: scale * range.lowerBound, high: scale * range.upperBound,
            count: values.count)
    }

    // MARK: Adding up

    private struct ClassValues {
        private(set) var values: ItemValues
        private(set) var byClass: [String: ItemValues] = [:]
        private let names: [String]

        init(names: [String], itemCount: Int) {
            self.names = names
            values = ItemValues(classCount: max(names.count, 1), itemCount: itemCount)
        }

        mutating func add(_ value: Double, _ name: String?, item: Int) {
            guard let name, let place = names.firstIndex(of: name) else {
                return values.add(value, item: item)
            }
            values.add(value, class: place, item: item)
            byClass[name, default: ItemValues(classCount: 1, itemCount: values.itemCount)]
                .add(value, item: item)
        }
    }

    private struct Tally {
        let itemCount: Int
        var tokens: [Score.Metric: ClassValues] = [:]
        var exact: [Score.Metric: ClassValues] = [:]
        var kinds: [String: [String: Int]] = [:]
        var tooLongCount = 0
    }

    private func add(_ item: ItemMeasurement, to tally: inout Tally) {
        for answer in item.answers {
            guard items[item.item].questions.indices.contains(answer.question) else { continue }
            let question = items[item.item].questions[answer.question]
            guard !selection.isOfPaper || question.isFirst else { continue }
            add(answer, to: question, item.item, &tally)
        }
    }

    private func add(
        _ answer: Measurement, to question: EvaluationQuestion, _ item: Int, _ tally: inout Tally
    ) {
        let isRight =
            selection.isOfPaper && !question.kind.isLocal
            ? answer.isFirstAlias : answer.kind == .right
        func add(_ metric: Score.Metric, _ name: String? = nil) {
            let names = classNames[metric] ?? []
            func start() -> ClassValues { ClassValues(names: names, itemCount: items.count) }
            tally.exact[metric, default: start()].add(isRight ? 1 : 0, name, item: item)
            if let share = answer.tokens {
                tally.tokens[metric, default: start()].add(share, name, item: item)
            }
            tally.kinds[metric.rawValue, default: [:]][answer.kind.rawValue, default: 0] += 1
        }
        func count(_ metric: Score.Metric, _ value: Double) {
            tally.exact[metric, default: ClassValues(names: [], itemCount: items.count)]
                .add(value, nil, item: item)
        }
        switch question.kind {
        case .success:
            add(.success)
            if let fluency = answer.fluency { count(.fluency, fluency) }
            if answer.isRetrieved {
                count(.retrievalAt1, answer.rank == 1 ? 1 : 0)
                count(.retrievalAt3, (answer.rank ?? .max) <= 3 ? 1 : 0)
            }
        case .rephrasing:
            add(.rephrasing)
            if answer.isRetrieved {
                count(.rephrasingAt1, answer.rank == 1 ? 1 : 0)
                count(.rephrasingAt3, (answer.rank ?? .max) <= 3 ? 1 : 0)
            }
        case .portability(let name): add(.portability, name)
        case .locality(let name):
            add(.locality, name)
            if !question.asksForEdit { add(.cleanLocality, name) }
            if let isTrue = answer.isTrue { count(.truth, isTrue ? 1 : 0) }
        case .general:
            add(.agreement)
            if let isTrue = answer.isTrue { count(.accuracy, isTrue ? 1 : 0) }
            if let fluency = answer.fluency { count(.fluency, fluency) }
        }
        if answer.isTooLong == true { tally.tooLongCount += 1 }
    }
}
