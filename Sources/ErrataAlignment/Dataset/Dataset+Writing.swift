extension Dataset {
    /// The names of the files, in the order they are written.
    package enum FileName {
        package static let train = "pairs.train.jsonl"
        package static let heldBack = "pairs.held-back.jsonl"
        package static let chat = "chat.train.jsonl"
        package static let statistics = "statistics.json"
        package static let open = "open.train.jsonl"
        package static let hops = "hops.train.jsonl"
        package static let all = [train, heldBack, chat, open, hops, statistics]
    }

    /// Runs its second argument while what the first names is the file to remove on an interruption.
    package typealias Guarding = (
        _ partialPath: String, _ body: () throws(DatasetError) -> Void
    ) throws(DatasetError) -> Void

    /// Writes all files to `directory`; each appears when it is whole.
    package func write(
        to directory: String, guarding: Guarding = { _, body throws(DatasetError) in try body() },
        progress: @escaping Progress = { _, _, _ in }
    ) throws(DatasetError) -> DatasetStatistics {
        var (train, heldBack) = (DatasetStatistics.Counts(), DatasetStatistics.Counts())
        var files: [DatasetStatistics.File] = []
        let isHeldBack = items.map { HeldBack.contains($0.pair.subject) }
        for name in [FileName.train, FileName.heldBack] {
            let isWanted = name == FileName.heldBack
            files.append(
                try write(name, to: directory, guarding) { writer throws(DatasetError) in
                    for (index, item) in items.enumerated() where isHeldBack[index] == isWanted {
                        if isWanted { heldBack.add(item.pair) } else { train.add(item.pair) }
                        try writer.write(item.pair.json)
                        progress("Writing \(name)", index + 1, items.count)
                    }
                })
        }
        var chat = ChatForm(
            items.enumerated().filter { !isHeldBack[$0.offset] }.map(\.element), seed: seed &+ 3)
        files.append(
            try write(FileName.chat, to: directory, guarding) { writer throws(DatasetError) in
                for (index, item) in items.enumerated() where !isHeldBack[index] {
                    for line in chat.lines(of: item) { try writer.write(line) }
                    progress("Writing \(FileName.chat)", index + 1, items.count)
                }
            })
        let chatLines = files.last?.lines ?? 0
        // Its own chance: the chats do not depend on it.
        var open = ChatForm(
            items.enumerated().filter { !isHeldBack[$0.offset] }.map(\.element), seed: seed &+ 4)
        files.append(
            try write(FileName.open, to: directory, guarding) { writer throws(DatasetError) in
                for (index, item) in items.enumerated() where !isHeldBack[index] {
                    if let question = open.openQuestion(of: item) {
                        try writer.write(question.json)
                    }
                    progress("Writing \(FileName.open)", index + 1, items.count)
                }
            })
        files.append(
            try write(FileName.hops, to: directory, guarding) { writer throws(DatasetError) in
                for line in hops.lines { try writer.write(line) }
            })
        let statistics = DatasetStatistics(
            seed: seed, relations: relationCount, train: train, heldBack: heldBack,
            chatLines: chatLines, inputs: inputs.map(DatasetStatistics.Input.init),
            files: files)
        _ = try write(FileName.statistics, to: directory, guarding) { writer throws(DatasetError) in
            try writer.write(try statistics.json)
        }
        return statistics
    }

    private func write(
        _ name: String, to directory: String, _ guarding: Guarding,
        _ body: @escaping (LineWriter) throws(DatasetError) -> Void
    ) throws(DatasetError) -> DatasetStatistics.File {
        let path = "\(directory)/\(name)"
        var file: DatasetStatistics.File?
        try guarding(LineWriter.partialPath(of: path)) { () throws(DatasetError) in
            let writer = try LineWriter(path: path)
            try body(writer)
            file = try writer.finish(name: name)
        }
        guard let file else { preconditionFailure("the guard did not run its body") }
        return file
    }
}
