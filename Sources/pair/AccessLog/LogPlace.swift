import Encodings
import HostFiles
import Policy

/// Where the log is that is to be read.
enum LogPlace: Equatable {
    case standardInput
    case file(String)

    /// Where pair.toml stands, unless it is said otherwise.
    static let configuration = "/etc/pair/pair.toml"

    /// Where `file` says, else pair.toml, else where pair-authkeys keeps its records while pair.toml cannot be used.
    /// - Parameters:
    ///   - file: The log; `-` is the standard input.
    ///   - configuration: pair.toml, where it was named: then it must be usable.
    ///   - complain: Is told why the usual pair.toml could not be used.
    /// - Throws: Why the pair.toml that was named cannot be used, or that it names no log.
    init(file: String?, configuration: String?, complain: (String) -> Void) throws(Failure) {
        if let file {
            self = file == "-" ? .standardInput : .file(file)
            return
        }
        let path = configuration ?? Self.configuration
        let settings: Configuration
        do {
            let bytes = try HostFile(path, ownedBy: configuration == nil ? .root : .rootOrSelf)
                .read(limit: AdministeredHost.maximumConfiguration)
            settings = try Configuration(parsing: bytes, file: path)
        } catch {
            let mend = (error as? FileFault).map { "To mend it: \($0.mend)." }
            guard configuration == nil else { throw Failure(description: "\(error)", advice: mend) }
            let standard = LogSettings.standard.file ?? ""
            self = .file(standard)
            // A machine without one may have a log all the same.
            if case .missing? = error as? FileFault { return }
            complain("pair: \(error)\nUntil that is mended, records are kept in \(standard), which is read.")
            return
        }
        guard let file = settings.log.file else {
            throw Failure(
                description: "\(shown(path)): file in [log] is empty, so that records go to syslog alone",
                advice: "Read them from there: journalctl -t pair-authkeys -o cat | pair access-log --file -")
        }
        self = .file(settings.resolve(file))
    }
}
