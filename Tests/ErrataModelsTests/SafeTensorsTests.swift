import ErrataModels
import Foundation
import Testing

@Suite("safetensors")
struct SafeTensorsTests {
    /// Writes a file with this header and number of data bytes and returns the error of opening it.
    private func error(
        _ header: String, dataByteCount: Int = 0, length: UInt64? = nil
    ) async throws -> ModelError {
        try await withTemporaryDirectory { directory in
            try write(header, Data(count: dataByteCount), length: length, to: directory)
            return try modelError {
                _ = try SafeTensors(directory: directory, name: "model.safetensors")
            }
        }
    }

    private func write(
        _ header: String, _ data: Data, length: UInt64? = nil, to directory: String
    ) throws {
        var file = Data()
        withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) {
            file.append(contentsOf: $0)
        }
        file.append(contentsOf: header.utf8)
        file.append(data)
        try file.write(to: URL(fileURLWithPath: directory + "/model.safetensors"))
    }

    private func tensor(_ shape: String, _ offsets: String, type: String = "F32") -> String {
        "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    @Test("F32, F16 and BF16 are read exactly")
    func types() async throws {
        try await withTemporaryDirectory { directory in
            var data = Data()
            for value in [Float(1.5), -0.1, 0] {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
            }
            // Halves: 1, -2, the smallest subnormal, 65504. BF16: 1, -2.
            data.append(contentsOf: [0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00, 0xFF, 0x7B])
            data.append(contentsOf: [0x80, 0x3F, 0x00, 0xC0])
            let header =
                "{\"__metadata__\":{\"format\":\"pt\"},\"a\":\(tensor("[3]", "[0,12]")),"
                + "\"h\":\(tensor("[2,2]", "[12,20]", type: "F16")),"
                + "\"b\":\(tensor("[2]", "[20,24]", type: "BF16")),"
                + "\"none\":\(tensor("[0,4]", "[24,24]"))}"
            try write(header, data, to: directory)
            let file = try SafeTensors(directory: directory, name: "model.safetensors")
            #expect(file.shapes == ["a": [3], "h": [2, 2], "b": [2], "none": [0, 4]])
            #expect(try file.floats("a", shape: [3]) == [1.5, -0.1, 0])
            #expect(try file.floats("h", shape: [2, 2]) == [1, -2, 0x1p-24, 65504])
            #expect(try file.floats("b", shape: [2]) == [1, -2])
            #expect(try file.floats("none", shape: [0, 4]).isEmpty)
            #expect(
                try modelError { _ = try file.floats("c", shape: [1]) }.message
                    == "model.safetensors: tensor 'c' is missing")
            #expect(
                try modelError { _ = try file.floats("h", shape: [4]) }.message
                    == "model.safetensors: tensor 'h' has shape [2, 2], expected [4]")
        }
    }

    #if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    @Test("every half converts to its value")
    func halves() {
        for bits in UInt16.min...UInt16.max {
            let expected = Float(Float16(bitPattern: bits))
            let actual = SafeTensors.float(half: bits)
            #expect(
                actual.bitPattern == expected.bitPattern || actual.isNaN && expected.isNaN)
        }
    }
    #endif

    @Test("an element that is not finite is an error that names its tensor and place")
    func notFinite() async throws {
        try await withTemporaryDirectory { directory in
            try write(
                "{\"x\":\(tensor("[2]", "[0,8]"))}",
                Data([0, 0, 0, 0, 0x00, 0x00, 0xC0, 0x7F]), to: directory)
            let file = try SafeTensors(directory: directory, name: "model.safetensors")
            let error = try modelError { _ = try file.floats("x", shape: [2]) }
            #expect(error.message == "model.safetensors: tensor 'x' holds nan at 1")
        }
    }

    @Test("a type that is no float is an error when it is read, not before")
    func integers() async throws {
        try await withTemporaryDirectory { directory in
            try write(
                "{\"x\":\(tensor("[1]", "[0,8]", type: "I64"))}", Data(count: 8), to: directory)
            let file = try SafeTensors(directory: directory, name: "model.safetensors")
            let error = try modelError { _ = try file.floats("x", shape: [1]) }
            #expect(
                error.message
                    == "model.safetensors: tensor 'x' has type I64, expected F32, F16 or BF16")
        }
    }

    @Test("ranges that overlap, leave gaps or lie outside are errors that name the tensor")
    func ranges() async throws {
        let a = tensor("[2]", "[0,8]")
        var message = try await error(
            "{\"a\":\(a),\"b\":\(tensor("[2]", "[4,12]"))}", dataByteCount: 12
        ).message
        #expect(
            message
                == "model.safetensors: tensor 'b' overlaps another: it starts at 4, the one before ends at 8"
        )
        message = try await error(
            "{\"a\":\(a),\"b\":\(tensor("[1]", "[12,16]"))}", dataByteCount: 16
        ).message
        #expect(
            message
                == "model.safetensors: tensor 'b' leaves a gap: it starts at 12, the one before ends at 8"
        )
        message = try await error("{\"a\":\(a)}", dataByteCount: 9).message
        #expect(message == "model.safetensors: tensors end at 8, the data at 9")
        message = try await error("{\"a\":\(a)}", dataByteCount: 7).message
        #expect(message == "model.safetensors: a: data_offsets [0, 8] do not lie in 0...7")
        message = try await error("{\"a\":\(tensor("[2]", "[8,0]"))}", dataByteCount: 8).message
        #expect(message == "model.safetensors: a: data_offsets [8, 0] do not lie in 0...8")
        message = try await error("{\"a\":\(tensor("[3]", "[0,8]"))}", dataByteCount: 8).message
        #expect(
            message
                == "model.safetensors: a: shape [3] of F32 takes 12 bytes, data_offsets give 8")
    }

    @Test(
        "a header that breaks the rules is an error",
        arguments: [
            ("", "model.safetensors: expected a value at byte 0"),
            ("[]", "model.safetensors: expected an object, found an array"),
            ("{\"a\":1}", "model.safetensors: tensor 'a' is 1, not an object"),
            ("{\"a\":{},\"a\":{}}", "model.safetensors: key 'a' is repeated at byte 11"),
            (
                "{\"a\":{\"dtype\":\"F33\",\"shape\":[],\"data_offsets\":[0,0]}}",
                "model.safetensors: a: type 'F33' is unknown"
            ),
            (
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}",
                "model.safetensors: a: 'shape' holds -1, not a size"
            ),
            (
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,9223372036854775807],\"data_offsets\":[0,0]}}",
                "model.safetensors: a: shape [9223372036854775807, 9223372036854775807] is too large"
            ),
            (
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e3],\"data_offsets\":[0,0]}}",
                "model.safetensors: a: 'shape' holds 1e3, not a size"
            ),
            (
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[0]}}",
                "model.safetensors: a: key 'data_offsets' is missing"
            ),
            (
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0]}}",
                "model.safetensors: a: data_offsets [0] do not lie in 0...0"
            ),
            (
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}",
                "model.safetensors: a: key 'x' is not supported"
            ),
            (
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,0,0,0,0,0,0,0,0],\"data_offsets\":[0,0]}}",
                "model.safetensors: a: 9 dimensions, more than 8"
            ),
        ])
    func headers(header: String, message: String) async throws {
        #expect(try await error(header).message == message)
    }

    @Test("a length that is too large for the file or for us is an error")
    func lengths() async throws {
        #expect(
            try await error("{}", length: 3).message
                == "model.safetensors: the header has 3 bytes, the file only 2")
        #expect(
            try await error("{}", length: UInt64.max).message
                == "model.safetensors: the header has 18446744073709551615 bytes, more than 16777216"
        )
        try await withTemporaryDirectory { directory in
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: directory + "/model.safetensors"))
            let error = try modelError {
                _ = try SafeTensors(directory: directory, name: "model.safetensors")
            }
            #expect(error.message == "model.safetensors has 3 bytes, too few for its header")
        }
    }

    @Test("a file cut or flipped anywhere is an error or still a valid file, never a crash")
    func damaged() async throws {
        let whole = try Data(
            contentsOf: URL(fileURLWithPath: fixtures + "/tiny-reference.safetensors"))
        var random = SplitMix(state: 14)
        try await withTemporaryDirectory { directory in
            for round in 0..<200 {
                var damaged = whole
                if round.isMultiple(of: 2) {
                    damaged = damaged.prefix(Int.random(in: 0..<whole.count, using: &random))
                } else {
                    for _ in 0..<3 {
                        damaged[Int.random(in: 0..<1500, using: &random)] =
                            UInt8.random(in: 0...255, using: &random)
                    }
                }
                try damaged.write(to: URL(fileURLWithPath: directory + "/x"))
                do throws(ModelError) {
                    let file = try SafeTensors(directory: directory, name: "x")
                    #expect(!round.isMultiple(of: 2), "a cut file was read")
                    for (name, shape) in file.shapes { _ = try? file.floats(name, shape: shape) }
                } catch {
                    #expect(error.message.hasPrefix("x"), "\(error)")
                }
            }
        }
    }

    @Test("a changed header is an error or tensors that lie inside the file")
    func fuzz() async throws {
        var header = "{\"__metadata__\":{\"format\":\"pt\",\"n\":\"1\"}"
        var end = 0
        for (name, type, size) in [("a", "F32", 4), ("b.weight", "BF16", 2), ("c", "F16", 2)] {
            for shape in [[0], [], [2, 8], [16], [1, 2, 3]] {
                let start = end
                end += shape.reduce(size, *)
                let list = shape.map(String.init).joined(separator: ",")
                header +=
                    ",\"\(name).\(shape.count).\(start)\":"
                    + tensor("[\(list)]", "[\(start),\(end)]", type: type)
            }
        }
        header += "}"
        let whole = Array(header.utf8)
        var random = SplitMix(state: 31)
        var readCount = 0
        try await withTemporaryDirectory { directory in
            for round in 0..<Mutation.roundCount(short: 400, long: 200_000) {
                var bytes = whole
                if round.isMultiple(of: 2) {
                    Mutation.applyGently(to: &bytes, &random)
                } else {
                    let count = Int.random(in: 1...4, using: &random)
                    Mutation.apply(to: &bytes, count: count, &random)
                }
                let length = round % 16 == 1 ? UInt64.random(in: 0...1200, using: &random) : nil
                let dataByteCount = round % 8 == 3 ? Int.random(in: 0...end, using: &random) : end
                try write(
                    String(decoding: bytes, as: UTF8.self), Data(count: dataByteCount),
                    length: length, to: directory)
                guard
                    let file = try? SafeTensors(directory: directory, name: "model.safetensors")
                else { continue }
                readCount += 1
                for (name, shape) in file.shapes {
                    guard let values = try? file.floats(name, shape: shape) else { continue }
                    #expect(values.count == shape.reduce(1, *))
                }
            }
        }
        #expect(readCount > 0)
    }
}
