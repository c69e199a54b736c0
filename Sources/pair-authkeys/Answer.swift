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
    ///   - records: What to record it in; `nil` for a trial.
    /// - Returns: The status for sshd: 0 for a key that may enter and for one that may not, 2 for a fault.
    func answerToSSHD(for question: Question, recordedIn records: borrowing Records?) -> Int32 {
        switch records {
        case .some(let records):
            // Without pair.toml the log is a guess, and that fault is the one to be told.
            if let fault = record(question, in: records), configuration != nil {
                Process.complain("pair-authkeys: access log: \(fault)\n")
                if case .accepted = decision.outcome, configuration?.log.isRequired ?? false { return 2 }
            }
            if decision.wantsRefresh { askForRefresh(by: records) }
        case nil: break
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
    private func record(_ question: Question, in records: borrowing Records) -> FileFault? {
        var place = records.place
        place.policy = policy
        let record = AccessRecord(
            of: decision, login: question.login, space: configuration?.space, on: place, at: Process.now)
        guard let record else { return nil }
        do throws(FileFault) {
            try records.log.keep(record, process: Process.id)
            return nil
        } catch {
            return error
        }
    }

    /// A path unit watches this file's mtime; one poke a minute is enough, whoever floods us.
    private func askForRefresh(by records: borrowing Records) {
        _ = try? records.refresh?.touch(ifOlderThan: Seconds(60), at: Process.now)
    }
}
