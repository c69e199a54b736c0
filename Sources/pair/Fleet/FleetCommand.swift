import ArgumentParser
import Encodings
import Fleet
import Foundation
import HostFiles
import Policy

/// `pair fleet`: one policy for many hosts.
struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Make one policy for many hosts: bundle it, sign it, publish it, see who has it.",
        discussion: """
            A policy is members, accounts and revoked in one text, with a serial and an end, signed in OpenSSH's own format. \
            Whoever may sign stands in a file of allowed signers, as ssh-keygen(1) has it.
            """,
        subcommands: [Build.self, Sign.self, Verify.self, Publish.self, Rollback.self, Status.self])
}

/// A file of a policy, read or replaced.
struct PolicyFile {
    let path: String

    /// Its bytes, whole; whose it is does not matter, for its signature decides.
    func read() throws(FileFault) -> [UInt8] {
        try HostFile(path, ownedBy: .any).read(limit: PolicyBundle.maximumCount + (64 << 10))
    }

    /// The same; `nil` where there is none.
    func readIfThere() throws(FileFault) -> [UInt8]? {
        do throws(FileFault) {
            return try read()
        } catch .missing {
            return nil
        }
    }

    /// Puts `bytes` in its place, in one step.
    func replace(with bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: path)
        try OpenFolder(url.deletingLastPathComponent().path, ownedBy: .any)
            .replace(url.lastPathComponent, with: bytes, mode: 0o644)
    }
}

extension PolicyBundleError: Advising {
    var advice: String? {
        switch self {
        case .header(.notAPolicy), .header(.version), .header(.line), .truncated, .trailing:
            "Build it anew: pair fleet build."
        case .header(.serial): "Serials go from 1 to 2^53; without --serial the next one is taken."
        case .header(.times): "Give --expires a time such as 30d."
        case .unfinishedLine: "End the file with a newline; it may be half written."
        case .header(.tooLarge): "Let groups stand for people, or give hosts that differ policies of their own."
        }
    }
}

extension SignedPolicyError: Advising {
    var advice: String? {
        switch self {
        case .unsigned: "Sign it: pair fleet sign."
        case .signature, .bundle: "It is not what was signed; fetch or build it again."
        case .namespace: "Sign it with pair fleet sign, or with ssh-keygen -Y sign -n \(SignedPolicy.namespace)."
        case .signer: "Add the signer to the file of allowed signers, or have an allowed one sign."
        case .serial: "Build it with a higher serial."
        case .expired: "Build and sign it again."
        }
    }
}

extension AllowedSignersError: Advising {
    var advice: String? {
        switch self {
        case .line: "ssh-keygen(1), \"ALLOWED SIGNERS\", says what a line is like."
        case .notAllowed: "Add the signer to the file of allowed signers, or have an allowed one sign."
        }
    }
}

/// What a policy holds, in words.
enum FleetText {
    /// For people.
    static func summary(of bundle: PolicyBundle) -> String {
        let sizes = PolicyPart.allCases.map { file in
            let count = lineCount(bundle[file])
            return "\(file.rawValue) \(count) line\(count == 1 ? "" : "s")"
        }
        return "serial \(bundle.serial), expires \(bundle.expires.rfc3339); \(sizes.joined(separator: ", "))"
    }

    /// For programs.
    static func json(of bundle: PolicyBundle) -> JSON.Object {
        var object = JSON.Object()
        object.add("serial", .integer(Int64(bundle.serial)))
        object.add("created", bundle.created.rfc3339)
        object.add("expires", bundle.expires.rfc3339)
        for file in PolicyPart.allCases {
            object.add(Text(file.rawValue), .integer(Int64(lineCount(bundle[file]))))
        }
        return object
    }

    private static func lineCount(_ bytes: [UInt8]) -> Int { bytes.count { $0 == 0x0A } }
}
