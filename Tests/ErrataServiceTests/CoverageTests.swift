import Testing

@testable import ErrataService

@Suite("Whoever covers a log", .timeLimit(.minutes(1)))
struct CoverageTests {
    private static let long = Duration.seconds(3_600)

    @Test("rests until somebody waits for what is not covered")
    func restEndsByWaiting() async {
        let coverage = Coverage()
        coverage.cover(5)
        #expect(await coverage.wait(for: 4, atMost: CoverageTests.long))
        let rest = Task {
            await coverage.rest(CoverageTests.long)
            coverage.cover(6)
        }
        #expect(await coverage.wait(for: 5, atMost: CoverageTests.long))
        await rest.value
    }

    @Test("does not rest while somebody waits")
    func noRest() async {
        let coverage = Coverage()
        async let isCovered = coverage.wait(for: 0, atMost: CoverageTests.long)
        // The first may begin before the wait does, which ends it then; the second never sleeps.
        await coverage.rest(CoverageTests.long)
        await coverage.rest(CoverageTests.long)
        coverage.cover(1)
        #expect(await isCovered)
    }

    @Test("ends its rest in time, when it is cancelled, and when it stops")
    func otherEnds() async {
        let coverage = Coverage()
        await coverage.rest(.milliseconds(1))
        let cancelled = Task { await coverage.rest(CoverageTests.long) }
        cancelled.cancel()
        await cancelled.value
        let stopped = Task { await coverage.rest(CoverageTests.long) }
        coverage.stop()
        await stopped.value
        await coverage.rest(CoverageTests.long)
    }
}
