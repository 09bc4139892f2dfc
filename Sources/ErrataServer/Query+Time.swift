import ErrataCore

extension Query {
    /// A moment, or a day's first.
    func time(_ name: String) throws(Refusal) -> Timestamp? {
        try self[name].map { text throws(Refusal) in
            if let time = Timestamp(rfc3339: text) ?? Timestamp(date: text) { return time }
            throw noTime(name)
        }
    }

    /// A moment, or a day's last.
    func endTime(_ name: String) throws(Refusal) -> Timestamp? {
        try self[name].map { text throws(Refusal) in
            if let time = Timestamp(rfc3339: text) ?? Timestamp(date: text)?.endOfDay {
                return time
            }
            throw noTime(name)
        }
    }

    private func noTime(_ name: String) -> Refusal {
        Refusal(
            .invalidParameter,
            "'\(name)' is not a time like 2026-11-01 or 2026-11-01T09:30:00Z", field: name)
    }
}
