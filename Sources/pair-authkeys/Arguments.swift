import Decision
import Encodings

/// What the command line asks for.
enum Command: Equatable {
    case help
    case version
    case decide(Question)
    case replay(folder: String)
}

/// One decision to be made, as the flags have it.
struct Question: Equatable {
    /// Who reads the answer.
    enum Reader: Equatable {
        case sshd
        case person
        case program
    }

    var login: Text
    var uid: UInt32?
    /// As given: base64, a whole line of a `.pub` file, or `@FILE`.
    var key: String
    var keyType: Text?
    /// `nil` for the host's own.
    var configurationPath: String?
    /// `nil` where nothing was said: a terminal then means a person.
    var reader: Reader?
    /// `nil` for the clock's.
    var time: UnixTime?
}

/// Why the command line was not understood: never with a value, which may be a token.
struct UsageError: Error, Equatable {
    let message: String

    var fault: Fault { Fault(.usage, message, mend: "pair-authkeys --help lists the flags") }
}

extension Command {
    /// What `arguments`, without the program's name, ask for.
    ///
    /// By hand, because an argument parser quotes what it did not expect, and that may be a token.
    init(_ arguments: some Collection<String>) throws(UsageError) {
        switch arguments.first {
        case "--help", "-h": self = .help
        case "--version": self = .version
        case "replay":
            guard arguments.count == 2, let folder = arguments.dropFirst().first else {
                throw UsageError(message: "replay takes one folder")
            }
            self = .replay(folder: folder)
        case .some, nil: self = .decide(try Question(Flags(arguments)))
        }
    }
}

/// Flags and their values, each flag once.
private struct Flags {
    private var values: [(flag: String, value: String)] = []

    init(_ arguments: some Collection<String>) throws(UsageError) {
        var rest = Array(arguments)[...]
        while let flag = rest.popFirst() {
            let takesValue: Bool
            switch flag {
            case "--user", "--uid", "--key", "--type", "--fingerprint", "--config", "--at": takesValue = true
            case "--explain", "--json": takesValue = false
            default:
                let position = arguments.count - rest.count
                throw UsageError(message: "argument \(position) is no flag of this program")
            }
            guard self[flag] == nil else { throw UsageError(message: "\(flag) is given twice") }
            guard let value = takesValue ? rest.popFirst() : "" else {
                throw UsageError(message: "\(flag) needs a value")
            }
            values.append((flag, value))
        }
    }

    subscript(flag: String) -> String? { values.first { $0.flag == flag }?.value }

    func required(_ flag: String) throws(UsageError) -> String {
        guard let value = self[flag] else { throw UsageError(message: "\(flag) is missing") }
        return value
    }
}

extension Question {
    fileprivate init(_ flags: Flags) throws(UsageError) {
        login = Text(try flags.required("--user"))
        key = try flags.required("--key")
        keyType = flags["--type"].map { Text($0) }
        configurationPath = flags["--config"]
        switch (flags["--explain"], flags["--json"]) {
        case (.some, .some): throw UsageError(message: "--explain and --json exclude each other")
        case (.some, nil): reader = .person
        case (nil, .some): reader = .program
        case (nil, nil): reader = nil
        }
        uid = nil
        if let text = flags["--uid"] {
            // UInt32 alone would take a sign.
            guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt32(text) else {
                throw UsageError(message: "--uid needs a number")
            }
            uid = number
        }
        time = nil
        if let text = flags["--at"] {
            guard let moment = UnixTime(rfc3339: text.utf8) ?? Int64(text).map(UnixTime.init(seconds:)) else {
                throw UsageError(message: "--at needs YYYY-MM-DDTHH:MM:SSZ or Unix seconds")
            }
            time = moment
        }
    }
}

let usage = """
    usage: pair-authkeys --user LOGIN --key KEY [--uid N] [--type KEYTYPE] [--fingerprint FP]
                         [--config FILE] [--explain | --json] [--at TIME]
           pair-authkeys replay DIR

    Decides whether an SSH key may enter, for sshd's AuthorizedKeysCommand:

        AuthorizedKeysCommand /usr/bin/pair-authkeys --user %u --uid %U --key %k --type %t
        AuthorizedKeysCommandUser _pair
        AuthorizedKeysFile none

      --user LOGIN      the login that is asked for
      --key KEY         the key or certificate: base64, a line "TYPE BASE64 COMMENT", or @FILE with either
      --uid N           the login's uid; without it no template of members gives a login
      --type KEYTYPE    the key's type, compared with the key itself
      --fingerprint FP  accepted and not used: sshd's %f is of the plain key, and we compute it
      --config FILE     instead of /etc/pair/pair.toml
      --explain         every check with what was compared; the default on a terminal
      --json            the same for programs
      --at TIME         decide as at TIME: YYYY-MM-DDTHH:MM:SSZ or Unix seconds
      replay DIR        decide every case below DIR again, and compare with what it expects

    As sshd runs it: one line and status 0 for a key that may enter, nothing and status 0 for any other, status 2 for
    a fault of the host. With --explain or --json: 0 accepted, 1 refused, 2 a fault; nothing is logged.

    """
