public import Encodings

/// Takes the members of one table of a settings file one by one; what is left at the end is unknown.
public struct SettingsReader {
    /// The table's name as a person writes it; empty for what stands above the first header.
    public let table: String
    /// The file, as the caller named it.
    public let file: String
    /// Where the table starts; `nil` for what stands above the first header.
    public let position: TOMLDocument.Position?

    private let isElement: Bool
    private var members: [TOMLDocument.Member]

    private init(_ table: TOMLDocument.Table, file: String) {
        self.table = table.name.string
        self.file = file
        position = table.position
        isElement = table.isElement
        members = table.members
    }

    private init(root members: [TOMLDocument.Member], file: String) {
        table = ""
        self.file = file
        position = nil
        isElement = false
        self.members = members
    }

    /// The readers of a whole file: of what stands above the first header, and of each table in the order they stand.
    /// - Parameters:
    ///   - bytes: TOML; the caller bounds the size.
    ///   - file: Its name for errors.
    /// - Returns: The tables' names are to be judged by the caller, with `checkShape(isList:)` for each that it knows.
    /// - Throws: `.notTOML`.
    public static func readers(
        parsing bytes: [UInt8], file: String
    ) throws(SettingsError) -> (root: SettingsReader, tables: [SettingsReader]) {
        do {
            let document = try TOMLDocument(parsing: bytes)
            let tables = document.tables.map { SettingsReader($0, file: file) }
            return (SettingsReader(root: document.root, file: file), tables)
        } catch {
            switch error {
            case .syntax(let message, let place):
                let isKnown = place.line > 0
                throw SettingsError(
                    file: file, line: isKnown ? place.line : nil, column: isKnown ? place.column : nil,
                    reason: .notTOML(message))
            }
        }
    }

    /// The error `reason`, at a member or for the whole table.
    public func error(_ reason: SettingsError.Reason, at place: TOMLDocument.Position? = nil) -> SettingsError {
        let place = place ?? position
        return SettingsError(file: file, line: place?.line, column: place?.column, reason: reason)
    }

    /// Where the member `name` stands, for an error once it is taken; `nil` where there is none, or none any more.
    public func position(of name: String) -> TOMLDocument.Position? {
        members.first { $0.name == Text(name) }?.position
    }

    /// Fails where `[table]` stands for `[[table]]` or the other way round.
    /// - Parameter isList: Whether there may be several, with two brackets.
    /// - Throws: `.tableNotArray`, `.tableIsArray`.
    public func checkShape(isList: Bool) throws(SettingsError) {
        guard isList != isElement else { return }
        throw error(isList ? .tableNotArray(table) : .tableIsArray(table))
    }

    /// Fails where a member is left that nobody asked for.
    /// - Throws: `.memberUnknown` with the first of them.
    public func end() throws(SettingsError) {
        if let member = members.first {
            throw error(.memberUnknown(member.name, table: table), at: member.position)
        }
    }
}

// MARK: - Types

extension SettingsReader {
    /// The text called `name`, which `isValid` must hold for; `nil` only where it is absent and not required.
    public mutating func text(
        _ name: String, where isValid: (Text) -> Bool, _ expected: String, required: Bool = false
    ) throws(SettingsError) -> Text? {
        guard let member = try take(name, required) else { return nil }
        guard case .string(let text) = member.value else { throw wrongType(member, name, "a text") }
        guard isValid(text) else { throw wrongValue(member.position, name, text, expected) }
        return text
    }

    /// The member `name` as true or false, `nil` where it is absent.
    public mutating func bool(_ name: String) throws(SettingsError) -> Bool? {
        guard let member = try take(name, false) else { return nil }
        guard case .bool(let value) = member.value else { throw wrongType(member, name, "true or false") }
        return value
    }

    /// The member `name` as a whole number in `range`, `nil` where it is absent.
    public mutating func integer(_ name: String, in range: ClosedRange<Int64>) throws(SettingsError) -> Int64? {
        guard let member = try take(name, false) else { return nil }
        guard case .integer(let value) = member.value else { throw wrongType(member, name, "a whole number") }
        guard range.contains(value) else {
            let expected = "\(range.lowerBound) to \(range.upperBound)"
            throw wrongValue(member.position, name, Text(String(value)), expected)
        }
        return value
    }

    /// The array of texts called `name`, none twice, each made into a value by `element`.
    public mutating func list<Value>(
        _ name: String, _ expected: String, required: Bool = false, mayBeEmpty: Bool = false,
        _ element: (Text) -> Value?
    ) throws(SettingsError) -> [Value]? {
        guard let member = try take(name, required) else { return nil }
        guard case .strings(let elements) = member.value, mayBeEmpty || !elements.isEmpty else {
            throw wrongType(member, name, mayBeEmpty ? "an array of texts" : "an array of texts, not empty")
        }
        var values: [Value] = []
        // Few: nobody has many client ids.
        for (index, text) in elements.enumerated() {
            guard let value = element(text.text), !elements[..<index].contains(where: { $0.text == text.text }) else {
                throw wrongValue(text.position, name, text.text, expected + ", each once")
            }
            values.append(value)
        }
        return values
    }
}

// MARK: - Meanings

extension SettingsReader {
    /// The member `name` of a table of which there may be several; it must be there.
    public mutating func name() throws(SettingsError) -> String {
        let expected = "a name of a-z, 0-9, . _ -, at most 32"
        return try text("name", where: { isPlainName($0.utf8) }, expected, required: true)?.string ?? ""
    }

    /// One word of a closed set, `nil` where the member is absent.
    public mutating func word<Word: RawRepresentable<String>>(
        _ name: String, _: Word.Type, _ expected: String
    ) throws(SettingsError) -> Word? {
        try text(name, where: { Word(rawValue: $0.string) != nil }, expected).flatMap { Word(rawValue: $0.string) }
    }

    /// A length of time, `nil` where the member is absent.
    public mutating func duration(_ name: String, mayBeZero: Bool = false) throws(SettingsError) -> Seconds? {
        let expected = "a duration such as \"30s\", \"5m\", \"12h\" or \"7d\""
        let isValid = { (text: Text) in
            guard let duration = Seconds(setting: text) else { return false }
            return mayBeZero || duration.count > 0
        }
        return try text(name, where: isValid, expected).flatMap { Seconds(setting: $0) }
    }

    /// A number of bytes, `nil` where the member is absent.
    public mutating func size(_ name: String) throws(SettingsError) -> Int64? {
        let expected = "a size such as \"64KiB\" or \"16MiB\""
        return try text(name, where: { byteCount(setting: $0) != nil }, expected).flatMap { byteCount(setting: $0) }
    }
}

// MARK: - Members

extension SettingsReader {
    private mutating func take(_ name: String, _ required: Bool) throws(SettingsError) -> TOMLDocument.Member? {
        guard let index = members.firstIndex(where: { $0.name == Text(name) }) else {
            if required { throw error(.memberMissing(name, table: table)) }
            return nil
        }
        return members.remove(at: index)
    }

    private func wrongType(_ member: TOMLDocument.Member, _ name: String, _ expected: String) -> SettingsError {
        error(.memberType(name, table: table, expected: expected), at: member.position)
    }

    private func wrongValue(
        _ place: TOMLDocument.Position, _ name: String, _ found: Text, _ expected: String
    ) -> SettingsError {
        error(.memberValue(name, table: table, found: found, expected: expected), at: place)
    }
}
