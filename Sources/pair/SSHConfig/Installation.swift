import Encodings
import HostFiles
import KeyStore

/// What `pair ssh-config` has put into a person's configuration of ssh, or is to.
struct Installation {
    /// The person's configuration: the file itself, behind any link.
    let configPath: String
    /// What it is as of now, `nil` where there is none.
    let config: [UInt8]?
    /// Our file.
    let ownPath: String
    /// What it holds as of now, `nil` where there is none.
    let own: KeysSSHConfig?
    private let folder: String

    private var configFile: SSHConfigFile { SSHConfigFile(bytes: config ?? []) }

    /// Reads what there is.
    /// - Parameter folder: `~/.ssh`, which need not exist.
    /// - Throws: A `Failure` where a file cannot be read, or ours holds what we did not write.
    init(folder: String) throws {
        self.folder = folder
        configPath = try FileChange.target(of: "\(folder)/config")
        config = try FileChange.contents(of: configPath)
        ownPath = "\(folder)/\(KeysSSHConfig.path)"
        guard let bytes = try FileChange.contents(of: ownPath) else {
            own = nil
            return
        }
        guard let own = KeysSSHConfig(parsing: bytes) else { throw Failure.edited(ownPath) }
        self.own = own
    }

    /// Whether there is anything that `removing` takes away.
    var isThere: Bool { own != nil || configFile != configFile.excluding }

    /// The changes that have `entries` in our file, and our file read: in the order to make them, so that nothing is read
    /// that is not there.
    func adding(_ entries: [RenewedHosts], running command: RenewalCommand) -> [FileChange] {
        var own = own ?? KeysSSHConfig(command: command)
        own.command = command
        for entry in entries { own.set(entry) }
        if config == nil { own.hasMadeConfiguration = true }
        let isDone = configFile.includes(ownPath)
        return [change(ofOwn: own), change(ofConfig: isDone ? configFile : configFile.including)]
    }

    /// The changes that take out what concerns the Keys called `name`; without a name, everything of ours.
    func removing(_ name: String?) -> [FileChange] {
        if let name, var own {
            own.remove(name)
            guard own.entries.isEmpty else { return [change(ofOwn: own)] }
        }
        let rest = configFile.excluding
        let isNeeded = !rest.bytes.isEmpty || own?.hasMadeConfiguration != true
        return [change(ofConfig: config != nil && isNeeded ? rest : nil), change(ofOwn: nil)]
    }

    /// Makes the folders that are missing, then `changes`.
    func make(_ changes: [FileChange]) throws {
        if changes.contains(where: { $0.new != nil && !$0.isEmpty }) {
            try makeFolder("\(folder)/pair", mode: 0o700)
        }
        for change in changes { try change.make() }
    }

    private func change(ofOwn new: KeysSSHConfig?) -> FileChange {
        FileChange(path: ownPath, old: own.map { Array($0.text.utf8) }, new: new.map { Array($0.text.utf8) })
    }

    private func change(ofConfig new: SSHConfigFile?) -> FileChange {
        FileChange(path: configPath, old: config, new: new?.bytes)
    }
}

extension Failure {
    fileprivate static func edited(_ path: String) -> Failure {
        Failure(
            description: "\(shown(path)): holds something that pair did not write",
            advice: "Move what you need to ~/.ssh/config, delete the file, and try again.")
    }
}
