import ErrataModels

/// A pair as a line of JSON; the keys stand in a fixed order.
extension ScopePair {
    private static let keys: Set<String> = [
        "question", "edit", "scope", "part", "answer", "span", "kind", "subject", "source",
        "sample",
    ]
    private static let inScopeKeys = ["part", "answer", "span"]

    /// The line, without its end.
    package var json: String {
        var line = "{\"question\":\(JSONText.quoted(question)),\"edit\":\(JSONText.quoted(edit))"
        if let answer {
            let span = answer.span.map { "[\($0.lowerBound),\($0.upperBound)]" } ?? "null"
            line += ",\"scope\":\"in\",\"part\":\"\(answer.part.rawValue)\""
            line += ",\"answer\":\(JSONText.quoted(answer.text)),\"span\":\(span)"
        } else {
            line += ",\"scope\":\"out\""
        }
        line += ",\"kind\":\(JSONText.quoted(kind)),\"subject\":\(JSONText.quoted(subject))"
        line += ",\"source\":\(JSONText.quoted(source)),\"sample\":\(sample)}"
        return line
    }

    /// Reads one line; `place` names file and line in messages.
    package init(json line: [UInt8], place: String) throws(DatasetError) {
        let fields = try DatasetFields(line, place: place)
        try fields.refuseKeys(besides: ScopePair.keys)
        question = try fields.text("question")
        edit = try fields.text("edit")
        kind = try fields.text("kind")
        subject = try fields.text("subject")
        source = try fields.text("source")
        sample = try fields.integer("sample")
        switch try fields.text("scope") {
        case "in":
            answer = try Answer(fields, edit: edit)
        case "out":
            answer = nil
            for key in ScopePair.inScopeKeys where fields.object[key] != nil {
                throw fields.error("'\(key)' belongs to pairs in scope, and this one is out")
            }
        case let other:
            throw fields.error("'scope' must be \"in\" or \"out\", not \"\(other)\"")
        }
    }
}

extension ScopePair.Answer {
    fileprivate init(_ fields: DatasetFields, edit: String) throws(DatasetError) {
        let name = try fields.text("part")
        guard let part = ScopePair.Part(rawValue: name) else {
            throw fields.error("'part' must be \"object\" or \"subject\", not \"\(name)\"")
        }
        self.part = part
        text = try fields.text("answer")
        span = try fields.span("span")
        guard let span else { return }
        let scalars = Array(edit.unicodeScalars)
        guard span.upperBound <= scalars.count else {
            throw fields.error(
                "'span' ends at \(span.upperBound), but the edit has \(scalars.count) scalars")
        }
        guard scalars[span].elementsEqual(text.unicodeScalars) else {
            var found = String.UnicodeScalarView()
            found.append(contentsOf: scalars[span])
            throw fields.error("'span' holds '\(String(found))', but the answer is '\(text)'")
        }
    }
}

/// Text as it stands in JSON.
enum JSONText {
    static func quoted(_ text: String) -> String {
        var out: [UInt8] = [UInt8(ascii: "\"")]
        out.reserveCapacity(text.utf8.count + 2)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): out += Array("\\n".utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                out += Array(
                    ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
        return String(decoding: out, as: UTF8.self)
    }
}
