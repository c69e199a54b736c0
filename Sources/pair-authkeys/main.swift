import AccessLog
import CTraps
import Decision
import Encodings
import HostFiles
import Sandbox
import Signatures

// argv → question → pair.toml → directory asked for groups, records opened, sandbox → decision → record → one write → exit

Process.fillStandardStreams()
Process.ignoreSignalsOfWriting()
do throws(UsageError) {
    switch try Command(CommandLine.arguments.dropFirst()) {
    case .help: Process.write(usage)
    case .version: Process.write("pair-authkeys \(version)\n")
    case .replay(let folder): replay(folder)
    case .decide(let question): answer(question)
    }
    Process.end(0)
} catch {
    Process.complain("pair-authkeys: \(error.message)\n\(error.fault.mend)\n")
    Process.end(2)
}

/// Answers whoever asks: sshd with a line or nothing, a person or a program with every check.
func answer(_ question: Question) -> Never {
    var question = question
    question.reader = question.reader ?? (Process.isOutputATerminal ? .person : .sshd)
    // An admin who tries out files of their own says which they are, and nobody is let in by that.
    let isTrial = question.reader != .sshd || question.time != nil
    let ownership = isTrial && question.configurationPath != nil ? Ownership.rootOr(uid: Process.userID) : .root
    if question.reader != .sshd { ctraps_disarm() }
    let isLate = Process.arm(deadline: question.reader == .sshd ? 5 : nil)

    let isColoured = Process.isOutputATerminal && !Process.isColourRefused

    let evidence = Result { () throws(Stop) in try question.evidence(ownership: ownership, isLate: isLate) }
    let files = try? evidence.get().files
    let records = isTrial ? nil : Records(for: files?.configuration)
    let sandbox = Process.confine(to: files, isPlainKey: question.isPlainKey)

    let verdict = question.decide(on: evidence)
    switch question.reader {
    case .person:
        Process.write(verdict.explanation(in: sandbox, inColour: isColoured))
        Process.end(verdict.status)
    case .program:
        Process.write(verdict.report(in: sandbox))
        Process.end(verdict.status)
    case .sshd, nil:
        Process.end(verdict.answerToSSHD(for: question, recordedIn: records))
    }
}

/// Replays a folder of cases.
func replay(_ folder: String) -> Never {
    ctraps_disarm()
    prepareToVerify()
    do throws(FileFault) {
        let replay = try Replay(folder: folder)
        Process.write(replay.summary)
        Process.end(replay.status)
    } catch {
        Process.complain("pair-authkeys: \(error)\nTo mend it: \(error.mend)\n")
        Process.end(2)
    }
}
