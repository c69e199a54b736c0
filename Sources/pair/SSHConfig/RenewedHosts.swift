import KeyStore

/// The lines that have ssh renew the Keys of one name for some hosts, and then offer them there.
struct RenewedHosts: Equatable {
    /// What the Keys are called; fits `KeyStore.isName`.
    let name: String
    let hosts: HostPatterns

    /// The lines, each with its line feed.
    ///
    /// One block, with the renewal as its last criterion: ssh runs it for these hosts alone, and where it fails, so that
    /// there are no good Keys, passes over the block. An ended certificate is then not offered in vain, and the person's
    /// other keys are, as if there were no pair. `IdentitiesOnly` keeps an agent full of keys from using up the host's
    /// patience (MaxAuthTries); Keys in the agent are found by their files' public halves.
    func lines(running command: RenewalCommand) -> String {
        """
        Match host \(hosts.list) exec "\(command.text(for: name))"
            IdentityFile ~/.ssh/pair/\(KeyFile.privateKey.name(of: name))
            CertificateFile ~/.ssh/pair/\(KeyFile.certificate.name(of: name))
            IdentitiesOnly yes

        """
    }
}

/// Our own file, which the person's configuration of ssh includes.
struct KeysSSHConfig: Equatable {
    /// No two of one name.
    private(set) var entries: [RenewedHosts]
    /// The same for all of them.
    var command: RenewalCommand
    /// Whether there was no configuration before, so that it may go once nothing else is in it.
    var hasMadeConfiguration = false

    /// The file with no Keys in it yet.
    init(command: RenewalCommand) {
        entries = []
        self.command = command
    }

    /// Where it is, from the folder of ssh's configuration: `Include` there starts from the same folder.
    static let path = "pair/ssh_config"

    private static let heading = """
        # Made by "pair ssh-config --install", which writes it anew; "pair ssh-config --uninstall" takes it away.

        """
    private static let mark = "# There was no ~/.ssh/config before.\n"

    /// The whole file.
    var text: String {
        let head = KeysSSHConfig.heading + (hasMadeConfiguration ? KeysSSHConfig.mark : "")
        return head + entries.map { "\n" + $0.lines(running: command) }.joined()
    }

    /// The file that `bytes` are, `nil` where anything in them is not as we write it.
    init?(parsing bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var entries: [RenewedHosts] = []
        var command: RenewalCommand?
        for block in text.split(separator: "\n\n").dropFirst() {
            guard let (entry, written) = KeysSSHConfig.entry(block) else { return nil }
            entries.append(entry)
            command = written
        }
        guard let command else { return nil }
        self.entries = entries
        self.command = command
        hasMadeConfiguration = text.utf8.starts(with: (KeysSSHConfig.heading + KeysSSHConfig.mark).utf8)
        // Whatever a person has changed comes out otherwise.
        guard self.text.utf8.elementsEqual(bytes) else { return nil }
    }

    /// Puts `entry` in, in the place of the one of its name.
    mutating func set(_ entry: RenewedHosts) {
        if let index = entries.firstIndex(where: { $0.name == entry.name }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
    }

    /// Takes out the Keys called `name`.
    mutating func remove(_ name: String) {
        entries.removeAll { $0.name == name }
    }

    private static func entry(_ block: Substring) -> (RenewedHosts, RenewalCommand)? {
        let lines = block.split(separator: "\n")
        let words = lines[0].split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        guard lines.count == 4, words.count == 5, let hosts = try? HostPatterns([String(words[2])]) else { return nil }
        guard let name = lines[1].split(separator: "/").last.map(String.init), KeyStore.isName(name) else { return nil }
        // Without its quotes.
        guard let command = RenewalCommand(written: words[4].dropFirst().dropLast(), for: name) else { return nil }
        return (RenewedHosts(name: name, hosts: hosts), command)
    }
}
