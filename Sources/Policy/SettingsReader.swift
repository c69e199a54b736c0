internal import Encodings
internal import TOML

/// Takes the members of one table of pair.toml one by one; what is left at the end is unknown.
struct SettingsReader {
    /// The table's name as a person writes it; empty at the top.
    let table: String
    private let file: String
    private let position: TOMLDocument.Position?
    private var members: [TOMLDocument.Member]

    /// A reader of the members above the first header.
    init(root members: [TOMLDocument.Member], file: String) {
        self.table = ""
        self.file = file
        self.position = nil
        self.members = members
    }

    /// A reader of `table`, whose name is to be judged by the caller.
    init(_ table: TOMLDocument.Table, file: String) {
        self.table = table.name.string
        self.file = file
        self.position = table.position
        self.members = table.members
    }

    /// The error `reason`, at a member or for the whole table.
    func error(_ reason: PolicyError.Reason, at place: TOMLDocument.Position? = nil) -> PolicyError {
        let place = place ?? position
        return PolicyError(file: file, line: place?.line, column: place?.column, reason: reason)
    }

    /// Fails where a member is left that nobody asked for.
    func end() throws(PolicyError) {
        if let member = members.first {
            throw error(.memberUnknown(member.name, table: table), at: member.position)
        }
    }

    // MARK: - Types

    /// The text called `name`, which `isValid` must hold for.
    mutating func text(
        _ name: String, where isValid: (Text) -> Bool, _ expected: String, required: Bool = false
    ) throws(PolicyError) -> Text? {
        guard let member = try take(name, required) else { return nil }
        guard case .string(let text) = member.value else { throw wrongType(member, name, "a text") }
        guard isValid(text) else { throw wrongValue(member.position, name, text, expected) }
        return text
    }

    mutating func bool(_ name: String) throws(PolicyError) -> Bool? {
        guard let member = try take(name, false) else { return nil }
        guard case .bool(let value) = member.value else { throw wrongType(member, name, "true or false") }
        return value
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int64>) throws(PolicyError) -> Int64? {
        guard let member = try take(name, false) else { return nil }
        guard case .integer(let value) = member.value else { throw wrongType(member, name, "a whole number") }
        guard range.contains(value) else {
            let expected = "\(range.lowerBound) to \(range.upperBound)"
            throw wrongValue(member.position, name, Text(String(value)), expected)
        }
        return value
    }

    /// The array of texts called `name`, none twice, each made into a value by `element`.
    mutating func list<Value>(
        _ name: String, _ expected: String, required: Bool = false, mayBeEmpty: Bool = false,
        _ element: (Text) -> Value?
    ) throws(PolicyError) -> [Value]? {
        guard let member = try take(name, required) else { return nil }
        guard case .strings(let elements) = member.value, mayBeEmpty || !elements.isEmpty else {
            throw wrongType(member, name, mayBeEmpty ? "an array of texts" : "an array of texts, not empty")
        }
        var values: [Value] = []
        var seen: Set<Text> = []
        for text in elements {
            guard let value = element(text.text), seen.insert(text.text).inserted else {
                throw wrongValue(text.position, name, text.text, expected + ", each once")
            }
            values.append(value)
        }
        return values
    }

    // MARK: - Meanings

    /// The member `name` of a table of which there may be several.
    mutating func name() throws(PolicyError) -> String {
        let expected = "a name of a-z, 0-9, . _ -, at most 32"
        return try text("name", where: { isPlainName($0.utf8) }, expected, required: true)?.string ?? ""
    }

    /// One word of a closed set.
    mutating func word<Word: RawRepresentable<String>>(
        _ name: String, _: Word.Type, _ expected: String
    ) throws(PolicyError) -> Word? {
        try text(name, where: { Word(rawValue: $0.string) != nil }, expected).flatMap { Word(rawValue: $0.string) }
    }

    mutating func location(_ name: String, default path: String) throws(PolicyError) -> Configuration.Location {
        let named = try text(name, where: { !$0.isEmpty && !$0.hasControls }, "a path")
        return Configuration.Location(path: named?.string ?? path, isNamed: named != nil)
    }

    mutating func duration(_ name: String, mayBeZero: Bool = false) throws(PolicyError) -> Seconds? {
        let expected = "a duration such as \"30s\", \"5m\", \"12h\" or \"7d\""
        let isValid = { (text: Text) in
            guard let duration = Seconds(setting: text) else { return false }
            return mayBeZero || duration.count > 0
        }
        return try text(name, where: isValid, expected).flatMap { Seconds(setting: $0) }
    }

    mutating func size(_ name: String) throws(PolicyError) -> Int64? {
        let expected = "a size such as \"64KiB\" or \"16MiB\""
        return try text(name, where: { byteCount(setting: $0) != nil }, expected).flatMap { byteCount(setting: $0) }
    }

    // MARK: - Members

    private mutating func take(_ name: String, _ required: Bool) throws(PolicyError) -> TOMLDocument.Member? {
        guard let index = members.firstIndex(where: { $0.name == Text(name) }) else {
            if required { throw error(.memberMissing(name, table: table)) }
            return nil
        }
        return members.remove(at: index)
    }

    private func wrongType(_ member: TOMLDocument.Member, _ name: String, _ expected: String) -> PolicyError {
        error(.memberType(name, table: table, expected: expected), at: member.position)
    }

    private func wrongValue(
        _ place: TOMLDocument.Position, _ name: String, _ found: Text, _ expected: String
    ) -> PolicyError {
        error(.memberValue(name, table: table, found: found, expected: expected), at: place)
    }
}

extension Seconds {
    /// The length that `30s`, `5m`, `12h` or `7d` is, `nil` for any other text or one too large to count.
    init?(setting text: Text) {
        guard let count = quantity(text, units: [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]) else { return nil }
        self.init(count)
    }
}

/// How many bytes `64KiB`, `16MiB` or `1GiB` are, `nil` for any other text or a number too large to count.
func byteCount(setting text: Text) -> Int64? {
    quantity(text, units: [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)])
}

/// A decimal number without leading zeros, directly followed by one of `units`.
private func quantity(_ text: Text, units: [(name: String, size: Int64)]) -> Int64? {
    let digits = text.utf8.prefix(while: isDigit)
    let name = text.utf8.dropFirst(digits.count)
    guard let unit = units.first(where: { name.elementsEqual($0.name.utf8) }) else { return nil }
    guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
    guard let count = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
    let (product, overflow) = count.multipliedReportingOverflow(by: unit.size)
    return overflow ? nil : product
}
