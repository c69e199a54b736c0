import Decision
import Encodings
import Glibc
import HostFiles

/// What came of replaying a folder of cases.
struct Replay {
    private(set) var passed = 0
    private(set) var failed = 0

    /// Decides every case below `folder` again and prints what differs from its `expect`.
    ///
    /// A case is a folder with a file `argv`; it may stand at any depth.
    /// - Throws: `FileFault` where the folder cannot be read.
    init(folder: String) throws(FileFault) {
        for path in try Self.cases(in: folder) {
            let difference = Self.difference(at: path)
            if let difference {
                failed += 1
                Process.write("FAIL \(path)\n     \(difference)\n")
            } else {
                passed += 1
            }
        }
    }

    /// 0 where all pass, 1 where one differs, 2 where there is no case.
    var status: Int32 { failed > 0 ? 1 : passed > 0 ? 0 : 2 }

    /// What a runner reads.
    var summary: String { "\(passed) passed, \(failed) failed\n" }

    private static func cases(in folder: String) throws(FileFault) -> [String] {
        let names = try folderNames(folder)
        if names.contains("argv") { return [folder] }
        var found: [String] = []
        for name in names {
            do throws(FileFault) {
                found += try cases(in: folder + "/" + name)
            } catch .system(_, _, errno: ENOTDIR) {
                continue  // a file beside the cases
            }
        }
        return found
    }

    /// What differs in the case at `path`, `nil` where nothing does.
    private static func difference(at path: String) -> String? {
        do throws(FileFault) {
            let expected = try line(path + "/expect")
            guard let arguments = strings(try bytes(path + "/argv")) else {
                return "argv: a JSON list of strings expected"
            }
            let verdict = verdict(arguments, time: try line(path + "/now"), folder: path + "/")
            let found = verdict.expectation
            guard found != expected else { return nil }
            return "expected  \(expected)\n     found     \(found)\n     \(verdict.detail)"
        } catch {
            return "\(error)"
        }
    }

    private static func verdict(_ arguments: [String], time: String, folder: String) -> Verdict {
        do throws(UsageError) {
            let added = ["--config", "pair.toml", "--at", time]
            guard case .decide(let question) = try Command(arguments + added) else {
                throw UsageError(message: "a decision expected")
            }
            return question.decide(
                on: Result { () throws(Stop) in
                    try question.evidence(ownership: .any, folder: folder, isLate: { false })
                })
        } catch {
            return Verdict(decision: Decision(.fault(error.fault)), configuration: nil, policy: nil)
        }
    }

    private static func strings(_ json: [UInt8]) -> [String]? {
        guard let elements = try? JSON(parsing: json).elements else { return nil }
        let strings = elements.compactMap { $0.text?.string }
        return strings.count == elements.count ? strings : nil
    }

    private static func bytes(_ path: String) throws(FileFault) -> [UInt8] {
        try HostFile(path, ownedBy: .any).read(limit: 1 << 20)
    }

    private static func line(_ path: String) throws(FileFault) -> String {
        var bytes = try bytes(path)
        if bytes.last == 0x0A { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Verdict {
    /// What was compared where the outcome is not an acceptance.
    fileprivate var detail: String {
        switch decision.outcome {
        case .accepted: ""
        case .refused(let refusal): refusal.detail
        case .faulted(let fault): fault.detail
        }
    }
}
