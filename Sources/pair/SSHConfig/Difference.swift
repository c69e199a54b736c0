/// A change to a text as `diff -u` shows it: one hunk from the first line that differs to the last.
struct Difference {
    private let names: (old: String, new: String)
    private let old: [Substring]
    private let new: [Substring]

    /// The lines around a change that are shown, as `diff -u` does.
    private static let context = 3

    /// The change of the file at `path`; `nil` stands for no file.
    init(path: String, old: String?, new: String?) {
        names = (old == nil ? "/dev/null" : path, new == nil ? "/dev/null" : path)
        self.old = Difference.lines(old ?? "")
        self.new = Difference.lines(new ?? "")
    }

    /// What `change` does.
    init(_ change: FileChange) {
        let texts = [change.old, change.new].map { bytes in bytes.map { String(decoding: $0, as: UTF8.self) } }
        self.init(path: change.path, old: texts[0], new: texts[1])
    }

    /// Empty where nothing differs; else whole lines, each with its line feed.
    var text: String {
        let common = zip(old, new).prefix { $0 == $1 }.count
        let rests = (old.dropFirst(common), new.dropFirst(common))
        guard !rests.0.isEmpty || !rests.1.isEmpty else { return "" }
        let ending = zip(rests.0.reversed(), rests.1.reversed()).prefix { $0 == $1 }.count
        let (gone, come) = (rests.0.dropLast(ending), rests.1.dropLast(ending))
        let before = old[..<common].suffix(Difference.context)
        let behind = old[gone.endIndex...].prefix(Difference.context)

        let ranges = [gone, come].map { lines in
            let count = before.count + lines.count + behind.count
            let start = count == 0 ? 0 : common - before.count + 1
            return count == 1 ? "\(start)" : "\(start),\(count)"
        }
        let shown =
            before.map { " " + $0 } + gone.map { "-" + $0 } + come.map { "+" + $0 } + behind.map { " " + $0 }
        return "--- \(names.old)\n+++ \(names.new)\n@@ -\(ranges[0]) +\(ranges[1]) @@\n"
            + shown.map { $0.utf8.last == 0x0A ? $0 : $0 + "\n\\ No newline at end of file\n" }.joined()
    }

    /// With their line feeds.
    private static func lines(_ text: String) -> [Substring] {
        var lines: [Substring] = []
        var rest = text[...]
        while let end = rest.utf8.firstIndex(of: 0x0A) {
            let next = rest.utf8.index(after: end)
            lines.append(rest[..<next])
            rest = rest[next...]
        }
        return rest.isEmpty ? lines : lines + [rest]
    }
}
