import Administration
import ArgumentParser
import Encodings
import Foundation
import Policy
import SSHKeys

extension AccountsCommand {
    /// `pair accounts add-ca`: a key whose certificates are let in.
    struct AddCA: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-ca", abstract: "Let in what an account's CA signs.",
            discussion: """
                Without --services the CA may grant every service of this host, and admin, which reaches everything. Keep a CA \
                on a hardware key, and let its certificates live for hours.
                """)

        @Argument(help: "The account: a-z, 0-9, . _ -; made by its first key.")
        var account: String

        @Argument(
            help: ArgumentHelp("The CA's public key, a .pub file; - is the standard input.", valueName: "key-file"))
        var file: String

        @Option(help: ArgumentHelp("What it may grant at most, separated by commas.", valueName: "names"))
        var services: String?

        @Option(help: "What stands behind the key; the file's own comment otherwise.")
        var comment: String?

        @OptionGroup var host: ConfigurationOptions
        @OptionGroup var edit: EditOptions

        func run() throws {
            try reporting {
                let names = services.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
                let addition = KeyAddition(
                    account: account, file: file, comment: comment, isAuthority: true, services: names)
                try addition.carryOut(host, edit)
            }
        }
    }

    /// `pair accounts add-key`: a key that is let in itself.
    struct AddKey: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-key", abstract: "Let in an account's own key, everywhere.",
            discussion: """
                A plain key reaches every service of this host, with no end but its removal: it is an admin's. For anybody \
                else add a CA with --services.
                """)

        @Argument(help: "The account: a-z, 0-9, . _ -; made by its first key.")
        var account: String

        @Argument(help: ArgumentHelp("The public key, a .pub file; - is the standard input.", valueName: "key-file"))
        var file: String

        @Option(help: "What stands behind the key; the file's own comment otherwise.")
        var comment: String?

        @OptionGroup var host: ConfigurationOptions
        @OptionGroup var edit: EditOptions

        func run() throws {
            try reporting {
                let addition = KeyAddition(
                    account: account, file: file, comment: comment, isAuthority: false, services: nil)
                try addition.carryOut(host, edit)
            }
        }
    }
}

/// A key that is to be an account's.
private struct KeyAddition {
    let account: String
    let file: String
    let comment: String?
    let isAuthority: Bool
    let services: [String]?

    func carryOut(_ options: ConfigurationOptions, _ edit: EditOptions) throws {
        let host = try AdministeredHost(options)
        let text = try KeyText(from: file)
        let key: PublicKey
        do {
            key = try text.plainKey()
        } catch {
            throw EditError.key(error)
        }
        let addition = AccountsFile.Addition(
            account: account, key: key, isAuthority: isAuthority, services: services,
            comment: Text(comment ?? text.comment))
        let change = HostChange(host: host, kind: .accounts, space: host.configuration.space, options: edit) { bytes in
            let revoked = try RevokedFile(
                host.contents(of: .revoked) ?? [], path: host.path(of: .revoked), under: host.configuration)
            if let line = revoked.revocations.line(revokingKey: try key.fingerprint()) {
                throw EditError.keyRevoked(line: line)
            }
            return try AccountsFile(bytes, path: host.path(of: .accounts)).adding(addition, under: host.configuration)
        }
        guard let made = try change.carryOut() else { return }
        change.tellFindings(about: made)
    }
}

extension KeyText {
    /// The one key in a file, or in the standard input for `-`.
    init(from file: String) throws {
        let bytes: [UInt8]
        if file == "-" {
            bytes = Array(FileHandle.standardInput.readDataToEndOfFile())
        } else if let data = FileManager.default.contents(atPath: file) {
            bytes = Array(data)
        } else {
            throw Failure.unreadable(file)
        }
        do {
            try self.init(parsing: bytes)
        } catch {
            throw EditError.key(error)
        }
    }
}

extension Failure {
    fileprivate static func unreadable(_ path: String) -> Failure {
        Failure(description: "\(quoted(path)): cannot be read", advice: "See that it is a file that you may read.")
    }
}
