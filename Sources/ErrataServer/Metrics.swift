import ErrataService
import Synchronization

/// Counts what the daemon does, for Prometheus.
final class Metrics: Sendable {
    /// Upper bounds of the latency histogram, in seconds.
    static let bounds: [Double] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60]

    struct Gauges {
        var operations: UInt64
        var rows: Int
        var journalBytes: Int
        var languageModels: LanguageModelsState
    }

    private struct RequestKey: Hashable {
        let route: String
        let status: Int
    }

    private struct Histogram {
        var buckets = [Int](repeating: 0, count: Metrics.bounds.count)
        var count = 0
        var sum = 0.0

        mutating func add(_ seconds: Double) {
            for (i, bound) in Metrics.bounds.enumerated() where seconds <= bound {
                buckets[i] += 1
            }
            count += 1
            sum += seconds
        }
    }

    private struct State {
        var requests: [RequestKey: Int] = [:]
        var latencies: [String: Histogram] = [:]
        var running = 0
        var commits = 0
        var asks = 0
    }

    private let state = Mutex(State())

    func begin() { state.withLock { $0.running += 1 } }

    /// Counts a request that ``begin()`` announced.
    func end(route: String, status: Int, duration: Duration) {
        state.withLock { state in
            state.running -= 1
            state.requests[RequestKey(route: route, status: status), default: 0] += 1
            state.latencies[route, default: Histogram()].add(duration.milliseconds / 1_000)
        }
    }

    func countCommits(_ count: Int) { state.withLock { $0.commits += count } }
    func countAsk() { state.withLock { $0.asks += 1 } }

    /// Returns everything in Prometheus's text format, version 0.0.4.
    func text(_ gauges: Gauges) -> String {
        let state = state.withLock { $0 }
        var text = MetricsText()
        text.family("errata_requests_total", "counter", "Requests by route and status.")
        for (key, count) in state.requests.sorted(by: { Metrics.isBefore($0.key, $1.key) }) {
            text.sample(
                "errata_requests_total", ["route": key.route, "status": "\(key.status)"],
                Double(count))
        }
        text.family("errata_request_seconds", "histogram", "How long requests took.")
        for (route, histogram) in state.latencies.sorted(by: { $0.key < $1.key }) {
            for (bound, count) in zip(Metrics.bounds, histogram.buckets) {
                text.sample(
                    "errata_request_seconds_bucket", ["route": route, "le": "\(bound)"],
                    Double(count))
            }
            text.sample(
                "errata_request_seconds_bucket", ["route": route, "le": "+Inf"],
                Double(histogram.count))
            text.sample("errata_request_seconds_sum", ["route": route], histogram.sum)
            text.sample(
                "errata_request_seconds_count", ["route": route], Double(histogram.count))
        }
        text.single(
            "errata_requests_running", "gauge", "Requests in hand.", Double(state.running))
        text.single("errata_commits_total", "counter", "Commits made.", Double(state.commits))
        text.single("errata_asks_total", "counter", "Questions answered.", Double(state.asks))
        text.single(
            "errata_operations", "gauge", "Operations in the journal.", Double(gauges.operations))
        text.single("errata_index_rows", "gauge", "Rows in the index.", Double(gauges.rows))
        text.single(
            "errata_journal_bytes", "gauge", "Size of the journal.", Double(gauges.journalBytes))
        text.add(gauges.languageModels)
        return text.text
    }

    private static func isBefore(_ left: RequestKey, _ right: RequestKey) -> Bool {
        (left.route, left.status) < (right.route, right.status)
    }
}

private struct MetricsText {
    private(set) var text = ""

    mutating func family(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: Double) {
        let inside = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
        text += "\(name){\(inside)} \(MetricsText.number(value))\n"
    }

    mutating func single(_ name: String, _ kind: String, _ help: String, _ value: Double) {
        family(name, kind, help)
        text += "\(name) \(MetricsText.number(value))\n"
    }

    mutating func add(_ models: LanguageModelsState) {
        let prefix = "errata_language_model"
        single("\(prefix)s_loaded", "gauge", "Models in memory.", Double(models.loadedCount))
        single("\(prefix)s_bytes", "gauge", "What they take.", Double(models.byteCount))
        single("\(prefix)s_bytes_max", "gauge", "What they may take.", Double(models.byteCountMax))
        single("\(prefix)_loads_total", "counter", "Models loaded.", Double(models.loads))
        single(
            "\(prefix)_unloads_total", "counter", "Models unloaded to make room.",
            Double(models.unloads))
        single(
            "\(prefix)_answers_running", "gauge", "Texts being generated.", Double(models.running))
        single("\(prefix)_answers_waiting", "gauge", "Texts that wait.", Double(models.waiting))
        single("\(prefix)_answers_total", "counter", "Texts generated.", Double(models.generations))
        single("\(prefix)_tokens_total", "counter", "Tokens generated.", Double(models.tokens))
        single("\(prefix)_seconds_total", "counter", "Time generating.", models.seconds)
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }
}
