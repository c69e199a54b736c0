internal import Encodings
internal import HostFiles

/// A copy of sshd's configuration as it will be, which a throw-away sshd can run by.
///
/// File by file and line by line the same, but for where it listens, its own key and its process's file; `Include` leads
/// to the copies, and the drop-in stands in its place among them.
struct StagedConfiguration {
    /// Where it says something of its own: what an sshd has for itself alone.
    static let own: Set<Text> = [
        "port", "listenaddress", "addressfamily", "hostkey", "pidfile", "loglevel", "logverbose",
    ]

    /// Its main file.
    let path: String
    /// The real file that each copy is of.
    let originals: [String: String]

    /// Writes the copy.
    /// - Parameters:
    ///   - real: The main file.
    ///   - dropIn: The drop-in, and the path that it will have.
    ///   - former: A file that will be gone.
    ///   - source: Where the real files are.
    ///   - folder: Where the copies go.
    ///   - lines: What stands before all of it.
    /// - Throws: Where a copy cannot be written.
    init(
        of real: String, with dropIn: (path: String, text: String), without former: String?,
        from source: any SSHDFiles, in folder: String, startingWith lines: [String]
    ) throws(FileFault) {
        var writer = Writer(dropIn: dropIn, former: former, source: source, folder: folder)
        let copy = try writer.copy(real, depth: 0) ?? real
        originals = writer.originals
        path = "\(folder)/sshd_config"
        let text = (lines + ["Include \(copy)"]).map { "\($0)\n" }.joined()
        try replaceFile(at: path, with: Array(text.utf8), mode: 0o600)
    }

    private struct Writer {
        let dropIn: (path: String, text: String)
        let former: String?
        let source: any SSHDFiles
        let folder: String
        var originals: [String: String] = [:]

        /// Copies a file and what it includes; `nil` where sshd could not read it.
        mutating func copy(_ file: String, depth: Int) throws(FileFault) -> String? {
            let bytes = file == dropIn.path ? Array(dropIn.text.utf8) : source.contents(of: file)
            guard depth <= 16, let bytes else { return nil }
            let copy = "\(folder)/\(originals.count)-\(file.split(separator: "/").last ?? "sshd_config")"
            originals[copy] = file
            var text: [UInt8] = []
            // A line for each line, so that what sshd says of one is true of the real file.
            for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
                let words = sshdWords(line)
                switch words.first?.asciiLowercased {
                case "include": text += try included(words.dropFirst(), depth: depth)
                case let keyword? where StagedConfiguration.own.contains(keyword): text += Array("#\n".utf8)
                default: text += line + [0x0A]
                }
            }
            try replaceFile(at: copy, with: text, mode: 0o600)
            return copy
        }

        private mutating func included(_ arguments: ArraySlice<Text>, depth: Int) throws(FileFault) -> [UInt8] {
            var copies: [String] = []
            for argument in arguments {
                let pattern = SSHDConfiguration.absolute(argument)
                var files = source.paths(matching: pattern).filter { $0 != former }
                if SSHDPattern(pattern).matches(dropIn.path), !files.contains(dropIn.path) {
                    files.append(dropIn.path)
                    files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                }
                for file in files {
                    if let copy = try copy(file, depth: depth + 1) { copies.append(copy) }
                }
            }
            return Array((copies.isEmpty ? "#\n" : "Include \(copies.joined(separator: " "))\n").utf8)
        }
    }
}

extension SSHDSettings {
    /// What is in one and not in the other, but for what an sshd has for itself alone.
    func differences(from other: SSHDSettings) -> [Text] {
        func rest(_ settings: SSHDSettings) -> [Line] {
            settings.lines.filter { !StagedConfiguration.own.contains($0.keyword) }
        }
        let (mine, theirs) = (rest(self), rest(other))
        var seen: Set<Text> = []
        return (mine.filter { !theirs.contains($0) } + theirs.filter { !mine.contains($0) }).map(\.keyword)
            .filter { seen.insert($0).inserted }
    }
}
