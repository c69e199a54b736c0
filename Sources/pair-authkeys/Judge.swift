import Decision
import Encodings
import HostFiles
import Policy
import SSHKeys

/// A question, decided, with what is needed to record it.
struct Verdict {
    let decision: Decision
    /// `nil` where pair.toml could not be used.
    let configuration: Configuration?
}

extension Question {
    /// Decides with the host's own files.
    /// - Parameters:
    ///   - ownership: Whom the files must belong to.
    ///   - folder: What `@FILE` and a relative path of pair.toml start from; ends in `/`, or is empty.
    ///   - isLate: Whether the decision has taken too long.
    /// - Returns: The decision, with pair.toml as it was read.
    func decide(ownership: Ownership, folder: String = "", isLate: @escaping @Sendable () -> Bool) -> Verdict {
        do throws(Stop) {
            let path = configurationPath.map { folder + $0 } ?? HostPolicy.defaultPath
            let files = try HostPolicy(path: path, ownership: ownership, isLate: isLate)
            let request = Request(login: login, uid: uid, key: try keyText(folder: folder), keyType: keyType)
            let decision = Decision(
                on: request, under: files.configuration, files: files,
                at: Moment(now: time ?? Process.now, localTime: Process.localTime),
                isExplained: reader == .person || reader == .program)
            return Verdict(decision: decision, configuration: files.configuration)
        } catch {
            return Verdict(decision: Decision(error), configuration: nil)
        }
    }

    /// The key in base64, from whichever of its forms was given.
    private func keyText(folder: String) throws(Stop) -> [UInt8] {
        var text = Array(key.utf8)
        if text.first == UInt8(ascii: "@") {
            let path = String(decoding: text.dropFirst(), as: UTF8.self)
            do throws(FileFault) {
                text = try HostFile(path.hasPrefix("/") ? path : folder + path, ownedBy: .any).read(limit: 1 << 20)
            } catch {
                throw .fault(Fault(.usage, "--key: \(error)", mend: error.mend))
            }
            if text.last == 0x0A { text.removeLast() }
        }
        guard AuthorizedKey.startsWithType(text) else { return text }
        let words = text.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
        return words.count > 1 ? Array(words[1]) : text
    }
}
