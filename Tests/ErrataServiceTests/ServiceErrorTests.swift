import ErrataJournal
import ErrataService
import Testing

@Suite("Service errors")
struct ServiceErrorTests {
    @Test(
        "every code of the journal is a code of the service", arguments: JournalError.Code.allCases)
    func coversJournal(code: JournalError.Code) {
        let error = ServiceError(wrapping: JournalError(code, "m", hint: "h"))
        #expect(error.code.rawValue == code.rawValue)
        #expect(error.message == "m")
        #expect(error.hint == "h")
    }
}
