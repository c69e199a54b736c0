internal import Encodings

/// What opkssh's `config.yml` says, as far as it is a host's.
///
/// Reads the part of YAML in which such a file is written: a mapping whose values are lists or mappings of plain or
/// quoted texts. What a list of denials says must be certain, so anything else there is an error.
/// Source: opkssh docs/config.md "Server config", commands/config/server_config.go.
struct OpksshServerConfig {
    /// A text and where it stands.
    struct Entry: Equatable {
        let line: Int
        let value: Text
    }

    /// The settings that opkssh has, and what they hold.
    enum Setting: String {
        case environment = "env_vars"
        case deniedUsers = "deny_users"
        case deniedEmails = "deny_emails"
        case cache
    }

    /// Names of variables; their values may be secrets, and are not kept.
    private(set) var environment: [Entry] = []
    private(set) var deniedUsers: [Entry] = []
    private(set) var deniedEmails: [Entry] = []
    private(set) var cache: Entry?
    /// Names of settings that are none of these.
    private(set) var others: [Entry] = []

    init(parsing file: OpksshFile) throws(OpksshImportError) {
        var bytes = file.bytes[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        guard let text = Text(validating: bytes) else {
            throw OpksshImportError(file: file.path, line: nil, reason: .notUTF8)
        }
        var reading = Reading(file: file.path)
        for (index, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = line.last == 0x0D ? line.dropLast() : line
            // Some of them end a line for opkssh's parser, so that a comment could hide a setting.
            guard Text(validating: line.filter { $0 != 0x09 })?.hasControls == false else {
                throw OpksshImportError(file: file.path, line: index + 1, reason: .controlCharacter)
            }
            try reading.take(Array(line), number: index + 1)
        }
        for (setting, entries) in reading.settings {
            switch Setting(rawValue: setting.value.ascii ?? "") {
            case .environment: environment = entries
            case .deniedUsers: deniedUsers = entries
            case .deniedEmails: deniedEmails = entries
            case .cache: cache = setting
            case nil: others.append(setting)
            }
        }
    }
}

extension OpksshServerConfig {
    /// The way through the lines.
    private struct Reading {
        let file: String
        /// In their order, with what each holds.
        var settings: [(setting: Entry, entries: [Entry])] = []
        private var hasStarted = false
        private var hasEnded = false
        /// Whether lines further in, or items, may still follow the last setting.
        private var isOpen = false
        /// How far in the entries of the last setting stand.
        private var indentation: Int?

        init(file: String) { self.file = file }

        mutating func take(_ line: [UInt8], number: Int) throws(OpksshImportError) {
            let indent = line.prefix { $0 == 0x20 }.count
            let rest = line[indent...]
            guard let first = rest.first(where: { $0 != 0x20 && $0 != 0x09 }), first != UInt8(ascii: "#") else {
                return
            }
            if indent == 0, isMarker(rest, "---") {
                guard !hasStarted else { throw error(number, .severalDocuments) }
                hasStarted = true
                return
            }
            if indent == 0, isMarker(rest, "...") {
                hasEnded = true
                return
            }
            guard !hasEnded else { throw error(number, .severalDocuments) }
            hasStarted = true
            if indent == 0, !isItem(rest) { return try takeSetting(rest, number) }
            try takeEntry(rest, indent, number)
        }

        private mutating func takeSetting(_ rest: ArraySlice<UInt8>, _ number: Int) throws(OpksshImportError) {
            guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), let name = name(rest[..<colon]) else {
                throw error(number, .notUnderstood(expected: "NAME: at the start of a line"))
            }
            let value = rest[(colon + 1)...]
            guard value.first.map({ $0 == 0x20 }) ?? true else {
                throw error(number, .notUnderstood(expected: "a blank behind NAME:"))
            }
            guard !settings.contains(where: { $0.setting.value == name }) else {
                throw error(number, .settingTwice(name))
            }
            settings.append((Entry(line: number, value: name), []))
            indentation = nil
            guard let kind = Setting(rawValue: name.ascii ?? ""), kind != .cache else {
                isOpen = true
                return
            }
            var scalars = YAMLScalars(value)
            isOpen = scalars.isAtEnd
            guard !isOpen, !scalars.takeNothing() else { return }
            guard let items = kind == .environment ? nil : scalars.takeList() else {
                let expected = kind == .environment ? "a NAME: VALUE on each line below" : "a list of texts"
                throw error(number, .notUnderstood(expected: expected))
            }
            settings[settings.count - 1].entries = items.map { Entry(line: number, value: $0) }
        }

        private mutating func takeEntry(
            _ rest: ArraySlice<UInt8>, _ indent: Int, _ number: Int
        ) throws(OpksshImportError) {
            guard let last = settings.last else { throw error(number, .notUnderstood(expected: "NAME:")) }
            let kind = Setting(rawValue: last.setting.value.ascii ?? "")
            guard let kind, kind != .cache else { return }
            guard isOpen, rest.first != 0x09, indent == indentation ?? indent else {
                throw error(number, .notUnderstood(expected: "entries one below the other, and no tab before them"))
            }
            indentation = indent
            let value: Text?
            if kind == .environment {
                let colon = rest.firstIndex(of: UInt8(ascii: ":"))
                value = colon.flatMap { indent > 0 ? name(rest[..<$0]) : nil }
            } else {
                var scalars = YAMLScalars(rest.dropFirst())
                value = isItem(rest) ? scalars.takeOnly() : nil
            }
            guard let value else {
                let expected = kind == .environment ? "NAME: VALUE" : "- TEXT, in quotes where it has signs of YAML's"
                throw error(number, .notUnderstood(expected: expected))
            }
            settings[settings.count - 1].entries.append(Entry(line: number, value: value))
        }

        private func error(_ line: Int, _ reason: OpksshImportError.Reason) -> OpksshImportError {
            OpksshImportError(file: file, line: line, reason: reason)
        }

        private func isItem(_ rest: ArraySlice<UInt8>) -> Bool {
            rest.first == UInt8(ascii: "-") && rest.dropFirst().first.map { $0 == 0x20 || $0 == 0x09 } ?? true
        }

        /// Whether the line is `marker` and at most a comment.
        private func isMarker(_ rest: ArraySlice<UInt8>, _ marker: String) -> Bool {
            guard rest.starts(with: marker.utf8) else { return false }
            return YAMLScalars(rest.dropFirst(marker.utf8.count)).isAtEnd
        }

        /// A name without quotes or signs of YAML's.
        private func name(_ bytes: ArraySlice<UInt8>) -> Text? {
            let isName = bytes.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
            return bytes.isEmpty || !isName ? nil : Text(validating: bytes)
        }
    }
}
