/// A change to a text as `diff -u` shows it.
struct Difference {
    private typealias Line = ArraySlice<UInt8>

    private let names: (old: String, new: String)
    private let old: [Line]
    private let new: [Line]

    /// The lines around a change that are shown, as `diff -u` does.
    private static let context = 3

    /// The change of the file at `path`; `nil` stands for no file.
    init(path: String, old: String?, new: String?) {
        self.init(path: path, old: old.map { Array($0.utf8) }, new: new.map { Array($0.utf8) })
    }

    /// The change of the file at `path`; `nil` stands for no file.
    init(path: String, old: [UInt8]?, new: [UInt8]?) {
        names = (old == nil ? "/dev/null" : path, new == nil ? "/dev/null" : path)
        self.old = Difference.lines(old ?? [])
        self.new = Difference.lines(new ?? [])
    }

    /// What `change` does.
    init(_ change: FileChange) {
        self.init(path: change.path, old: change.old, new: change.new)
    }

    /// Empty where nothing differs; else whole lines, each with its line feed.
    var text: String {
        let hunks = hunks(of: steps)
        guard !hunks.isEmpty else { return "" }
        return "--- \(names.old)\n+++ \(names.new)\n" + hunks.map(shown).joined()
    }

    // MARK: - Steps

    /// One line on the way from the old text to the new one.
    private struct Step {
        /// Where it stands; `nil` where it is not in that text.
        let old: Int?
        let new: Int?

        var isChange: Bool { old == nil || new == nil }
    }

    /// The way from the old text to the new one, what goes in front of what comes.
    private var steps: [Step] {
        let common = zip(old, new).prefix { $0 == $1 }.count
        let rests = (old.dropFirst(common), new.dropFirst(common))
        let ending = zip(rests.0.reversed(), rests.1.reversed()).prefix { $0 == $1 }.count
        var (gone, come): (Set<Int>, Set<Int>) = ([], [])
        for change in Array(rests.1.dropLast(ending)).difference(from: Array(rests.0.dropLast(ending))) {
            switch change {
            case .remove(let offset, _, _): gone.insert(common + offset)
            case .insert(let offset, _, _): come.insert(common + offset)
            }
        }
        var steps: [Step] = []
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if gone.contains(i) {
                steps.append(Step(old: i, new: nil))
                i += 1
            } else if come.contains(j) {
                steps.append(Step(old: nil, new: j))
                j += 1
            } else {
                steps.append(Step(old: i, new: j))
                (i, j) = (i + 1, j + 1)
            }
        }
        return steps
    }

    // MARK: - Hunks

    /// Each change with what is around it; two whose surroundings touch are one.
    private func hunks(of steps: [Step]) -> [ArraySlice<Step>] {
        var hunks: [Range<Int>] = []
        for (index, step) in steps.enumerated() where step.isChange {
            let around = max(0, index - Difference.context)..<min(steps.count, index + 1 + Difference.context)
            if let last = hunks.last, around.lowerBound <= last.upperBound {
                hunks[hunks.count - 1] = last.lowerBound..<around.upperBound
            } else {
                hunks.append(around)
            }
        }
        return hunks.map { steps[$0] }
    }

    private func shown(_ hunk: ArraySlice<Step>) -> String {
        let ranges = [hunk.compactMap(\.old), hunk.compactMap(\.new)].map { lines in
            // Without any line around the change, the whole text is empty.
            guard let first = lines.first else { return "0,0" }
            return lines.count == 1 ? "\(first + 1)" : "\(first + 1),\(lines.count)"
        }
        let lines = hunk.map { step in
            guard let index = step.old else { return "+" + Difference.text(of: step.new.map { new[$0] } ?? []) }
            return (step.new == nil ? "-" : " ") + Difference.text(of: old[index])
        }
        return "@@ -\(ranges[0]) +\(ranges[1]) @@\n" + lines.joined()
    }

    private static func text(of line: Line) -> String {
        let text = String(decoding: line, as: UTF8.self)
        return line.last == 0x0A ? text : text + "\n\\ No newline at end of file\n"
    }

    /// With their line feeds.
    private static func lines(_ text: [UInt8]) -> [Line] {
        var lines: [Line] = []
        var rest = text[...]
        while let end = rest.firstIndex(of: 0x0A) {
            lines.append(rest[...end])
            rest = rest[(end + 1)...]
        }
        return rest.isEmpty ? lines : lines + [rest]
    }
}
