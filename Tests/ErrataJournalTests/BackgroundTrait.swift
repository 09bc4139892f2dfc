import ErrataTesting
import Testing

/// Runs tests that compute for long away from the pool that others answer on.
struct BackgroundTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(BackgroundThread.shared) { try await function() }
    }
}

extension Trait where Self == BackgroundTrait {
    static var inBackground: BackgroundTrait { BackgroundTrait() }
}
