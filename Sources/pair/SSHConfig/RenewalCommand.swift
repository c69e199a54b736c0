import Encodings
import Foundation

/// What ssh runs before it uses Keys, as it stands in the quotes behind `Match … exec`.
///
/// ssh expands `%`, then has the person's own shell ($SHELL) run it, with the terminal as standard error and nothing
/// for input and output. Up to 9.8 nothing in the quotes can be escaped; later versions read a backslash.
struct RenewalCommand: Equatable {
    /// The path of this program, quoted for ssh and the shell.
    let program: String

    /// The command of the program at `path`.
    /// - Parameter path: Absolute.
    /// - Throws: A `Failure` where a shell, or some version of ssh, would read the path otherwise.
    init(program path: String) throws(Failure) {
        let isReadable = path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && !"\"'\\".utf8.contains($0) }
        guard path.utf8.first == UInt8(ascii: "/"), isReadable else { throw .unquotable(path) }
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "/._+-".utf8.contains(byte)
            }
        }
        let escaped = path.replacing("%", with: "%%")
        program = isPlain ? escaped : "'\(escaped)'"
    }

    /// The command that is written in a file, `nil` where it is not one of ours.
    init?(written text: Substring, for name: String) {
        let arguments = RenewalCommand.arguments(for: name)
        guard text.utf8.reversed().starts(with: arguments.utf8.reversed()) else { return nil }
        program = String(text.utf8.dropLast(arguments.utf8.count)) ?? ""
    }

    /// The whole command, for the Keys called `name`.
    func text(for name: String) -> String { program + RenewalCommand.arguments(for: name) }

    private static func arguments(for name: String) -> String { " keys renew --if-expiring --quiet \(name)" }

    /// Where this program is, as it was called: a link in PATH outlives an upgrade better than what it leads to.
    static func ownPath(calledAs name: String, environment: [String: String], folder: String) -> String {
        if name.utf8.contains(UInt8(ascii: "/")) {
            return URL(fileURLWithPath: name, relativeTo: URL(fileURLWithPath: folder, isDirectory: true))
                .standardizedFileURL.path
        }
        for place in (environment["PATH"] ?? "").split(separator: ":") where place.hasPrefix("/") {
            let path = "\(place)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        return Bundle.main.executablePath ?? name
    }
}

extension Failure {
    fileprivate static func unquotable(_ path: String) -> Failure {
        Failure(
            description: "\(quoted(path, limit: 4096)): not a path of this program that ssh and every shell read alike",
            advice: "Put the program at a path without quotes and backslashes, such as /usr/local/bin/pair.")
    }
}
