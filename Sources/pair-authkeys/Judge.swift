import Decision
import Encodings
import HostFiles
import Policy
import SSHKeys

/// What a decision starts from: pair.toml, read, and the key, not looked at.
struct Evidence {
    let files: HostPolicy
    /// As it was given, or as the file that was named has it.
    let key: [UInt8]
}

/// A question, decided, with what is needed to record it.
struct Verdict {
    let decision: Decision
    /// `nil` where pair.toml could not be used.
    let configuration: Configuration?
}

extension Question {
    /// Reads pair.toml, and the key where it is in a file.
    /// - Parameters:
    ///   - ownership: Whom the files must belong to.
    ///   - folder: What `@FILE` and a relative path of pair.toml start from; ends in `/`, or is empty.
    ///   - isLate: Whether the decision has taken too long.
    /// - Returns: Both, for `decide(on:)`.
    /// - Throws: What ends the decision before it begins.
    func evidence(
        ownership: Ownership, folder: String = "", isLate: @escaping @Sendable () -> Bool
    ) throws(Stop) -> Evidence {
        let path = configurationPath.map { folder + $0 } ?? HostPolicy.defaultPath
        let files = try HostPolicy(
            path: path, ownership: ownership, time: time, groupsOf: isPlainKey ? nil : login, isLate: isLate)
        return Evidence(files: files, key: try givenKey(folder: folder))
    }

    /// Whether the key has the type of one without a certificate, as sshd says it.
    var isPlainKey: Bool { keyType.map { KeyAlgorithm(rawValue: $0.string) != nil } ?? false }

    /// Decides with the host's own files.
    func decide(on evidence: Result<Evidence, Stop>) -> Verdict {
        switch evidence {
        case .success(let evidence):
            let files = evidence.files
            let request = Request(login: login, uid: uid, key: base64(of: evidence.key), keyType: keyType)
            let decision = Decision(
                on: request, under: files.configuration, files: files,
                at: Moment(now: time ?? Process.now, localTime: Process.localTime),
                isExplained: reader == .person || reader == .program)
            return Verdict(decision: decision, configuration: files.configuration)
        case .failure(let stop):
            return Verdict(decision: Decision(stop), configuration: nil)
        }
    }

    private func givenKey(folder: String) throws(Stop) -> [UInt8] {
        var text = Array(key.utf8)
        guard text.first == UInt8(ascii: "@") else { return text }
        let path = String(decoding: text.dropFirst(), as: UTF8.self)
        do throws(FileFault) {
            text = try HostFile(path.hasPrefix("/") ? path : folder + path, ownedBy: .any).read(limit: 1 << 20)
        } catch {
            throw .fault(Fault(.usage, "--key: \(error)", mend: error.mend))
        }
        if text.last == 0x0A { text.removeLast() }
        return text
    }

    /// The key in base64, from whichever of its forms was given.
    private func base64(of text: [UInt8]) -> [UInt8] {
        guard AuthorizedKey.startsWithType(text) else { return text }
        let words = text.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
        return words.count > 1 ? Array(words[1]) : text
    }
}
