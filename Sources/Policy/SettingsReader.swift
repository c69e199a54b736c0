internal import Encodings
public import TOML

/// Reads a table of pair.toml.
typealias SettingsReader = TOML.SettingsReader<PolicyError>

extension PolicyError: SettingsFailure {
    /// The same error, at the same place.
    public init(_ error: SettingsError) {
        self.init(file: error.file, line: error.line, column: error.column, reason: .settings(error.reason))
    }
}

extension SettingsReader {
    /// The error `reason` for the whole table.
    func error(_ reason: PolicyError.Reason) -> PolicyError {
        PolicyError(file: file, line: position?.line, column: position?.column, reason: reason)
    }

    /// A path, which pair.toml may leave to the default.
    mutating func location(_ name: String, default path: String) throws(PolicyError) -> Configuration.Location {
        let named = try text(name, where: { !$0.isEmpty && !$0.hasControls }, "a path")
        return Configuration.Location(path: named?.string ?? path, isNamed: named != nil)
    }
}
