// What libFuzzer calls, compiled into one module with the sources of ErrataModels by `run`.

#if TOKENIZER
/// Reads a tokenizer.json and uses what comes of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let file = Array(UnsafeBufferPointer(start: data, count: count))
    guard let tokenizer = try? Tokenizer(tokenizerFile: file) else { return 0 }
    let texts = [
        "", "The river's 123 你好 <s>[MASK] 😀\n\n x", "a\u{0}\u{FFFD}e\u{301}  \t1234 ab abc",
        String(repeating: "aab ", count: 100),
    ]
    for text in texts {
        let ids = tokenizer.encode(text)
        precondition(ids.allSatisfy { (0..<Int32(tokenizer.idCount)).contains($0) })
        _ = tokenizer.decode(ids + [0, 1, 7, 1999, -1, .max])
        var stream = tokenizer.streamDecoder()
        for id in ids { _ = stream.append(id) }
        _ = stream.finish()
        let cut = tokenizer.encode(text, tokenCountMax: 5)
        precondition(cut.ids.count <= max(5, tokenizer.specialCount))
        _ = tokenizer.withoutSpecialTokens(text)
    }
    return 0
}
#else
/// Reads a safetensors file and all that its header says is there.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let file = MappedFile(
        name: "x", programBytes: UnsafeRawBufferPointer(start: data, count: count))
    guard let tensors = try? SafeTensors(file) else { return 0 }
    for (name, shape) in tensors.shapes {
        let elementCount = shape.reduce(1, *)
        if let values = try? tensors.floats(name, shape: shape) {
            precondition(values.count == elementCount)
        }
        if let values = try? tensors.halves(name, shape: shape) {
            precondition(values.count == elementCount)
        }
        if let type = try? tensors.type(of: name),
            let bytes = try? tensors.bytes(of: name, type: type, shape: shape)
        {
            // Reads every byte: the sanitizer knows where the input ends.
            _ = bytes.withUnsafeBytes { $0.reduce(0, &+) }
        }
    }
    return 0
}
#endif
