import AccessLog
import Encodings
import HostFiles
import Policy
import Sandbox
import Signatures

/// What a run writes to beside its answer, open before a byte of the key is looked at.
struct Records: ~Copyable {
    let log: OpenAccessLog
    /// Where a refresh of the key sets is asked for; `nil` where nobody waits for it.
    let refresh: PokedFile?

    /// Opens what `configuration` names; without one, which is a fault to be recorded, what the defaults do.
    init(for configuration: Configuration?) {
        let settings = configuration?.log ?? LogSettings.standard
        log = AccessLog(
            file: settings.file.map { configuration?.resolve($0) ?? $0 }, isSyslogOn: settings.isSyslogOn,
            unverifiedCap: settings.unverifiedCap
        ).opened()
        refresh = try? PokedFile("/run/pair/refresh-wanted")
    }
}

extension Process {
    /// Gives up all that the rest of a run does not need: to read the files that a decision rests on, and nothing else.
    /// - Parameters:
    ///   - files: `nil` where pair.toml could not be used; nothing more is read then.
    ///   - isPlainKey: Whether the key is said to have no certificate.
    /// - Returns: What is in force, and what the kernel lacks.
    static func confine(to files: HostPolicy?, isPlainKey: Bool) -> Sandbox {
        // Each of these reads files when it is first used: libcrypto, the distribution's settings and what they load;
        // and local time, the zone. A plain key needs no libcrypto, whose start would be a fifth of such a run.
        if !isPlainKey { prepareToVerify() }
        if files?.configuration.expiryTime == .local { loadTimeZone() }
        return Sandbox(readingBelow: files?.folders ?? [])
    }
}

extension HostPolicy {
    /// The folders of the files that a decision may read, each once.
    ///
    /// Not the files: one that is replaced meanwhile is another, by the same name.
    fileprivate var folders: [String] {
        let files =
            if let source = configuration.policySource { [source.file] } else {
                [configuration.members.path, configuration.accounts.path, configuration.revoked.path]
            }
        var folders = [configuration.resolve(configuration.keySets.path)]
        for file in files {
            let path = configuration.resolve(file)
            let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[...$0]) } ?? "."
            if !folders.contains(where: { Text($0) == Text(folder) }) { folders.append(folder) }
        }
        return folders
    }
}
