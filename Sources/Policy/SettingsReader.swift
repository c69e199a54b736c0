internal import Encodings
public import TOML

extension PolicyError {
    /// The same error, at the same place.
    public init(_ error: SettingsError) {
        self.init(file: error.file, line: error.line, column: error.column, reason: .settings(error.reason))
    }
}

extension SettingsReader {
    /// A path, which pair.toml may leave to the default.
    mutating func location(_ name: String, default path: String) throws(SettingsError) -> Configuration.Location {
        let named = try self.path(name)
        return Configuration.Location(path: named ?? path, isNamed: named != nil)
    }

    /// A path, `nil` where pair.toml has none.
    mutating func path(_ name: String) throws(SettingsError) -> String? {
        try text(name, where: { !$0.isEmpty && !$0.hasControls }, "a path")?.string
    }
}
