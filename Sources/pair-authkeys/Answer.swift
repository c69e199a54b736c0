import AccessLog
import Decision
import Encodings
import HostFiles
import Policy

/// What `--version` prints.
let version = "0.1.0"

extension Verdict {
    /// Records the decision, then prints the line where there is one.
    /// - Parameters:
    ///   - question: What was asked.
    ///   - isTrial: Whether nothing is to be recorded.
    /// - Returns: The status for sshd: 0 for a key that may enter and for one that may not, 2 for a fault.
    func answerToSSHD(for question: Question, isTrial: Bool) -> Int32 {
        if !isTrial {
            // Without pair.toml the log is a guess, and that fault is the one to be told.
            if let fault = record(question), configuration != nil {
                Process.complain("pair-authkeys: access log: \(fault)\n")
                if case .accepted = decision.outcome, configuration?.log.isRequired ?? false { return 2 }
            }
            if decision.wantsRefresh { askForRefresh() }
        }
        switch decision.outcome {
        case .accepted(let line): Process.write(line.text + "\n")
        case .refused: break
        case .faulted(let fault):
            Process.complain("pair-authkeys: \(fault.code.rawValue): \(fault.detail)\nTo mend it: \(fault.mend)\n")
            return 2
        }
        return 0
    }

    /// What kept the record out of the log's file, `nil` where nothing did.
    private func record(_ question: Question) -> FileFault? {
        let record = AccessRecord(
            of: decision, login: question.login, space: configuration?.space, at: Process.now)
        guard let record else { return nil }
        let settings = configuration?.log ?? LogSettings.standard
        let log = AccessLog(
            file: settings.file.map { configuration?.resolve($0) ?? $0 }, isSyslogOn: settings.isSyslogOn,
            unverifiedCap: settings.unverifiedCap)
        do throws(FileFault) {
            try log.keep(record, process: Process.id)
            return nil
        } catch {
            return error
        }
    }

    /// A path unit watches this file's mtime; one poke a minute is enough, whoever floods us.
    private func askForRefresh() {
        _ = try? HostFile.touch("/run/pair/refresh-wanted", ifOlderThan: Seconds(60), at: Process.now)
    }
}
