import Decision
import HostFiles
import Policy

extension PolicyError {
    /// The fault that it means for a decision.
    var fault: Fault {
        let code: Fault.Code =
            switch kind {
            case .syntax: .configSyntax
            case .invalid: .configInvalid
            }
        return Fault(code, description, mend: "correct it there; until then nothing in the file counts")
    }
}

extension FileFault {
    /// The end of a decision that it means.
    var stop: Stop {
        switch self {
        case .stopped: .refusal(Refusal(.deadline, description))
        case .missing, .system: .fault(Fault(.configMissing, description, mend: mend))
        case .notRegular, .notDirectory, .foreignOwner, .writableByOthers:
            .fault(Fault(.configUnsafe, description, mend: mend))
        case .tooLarge, .lineTooLong, .tornLine: .fault(Fault(.configSyntax, description, mend: mend))
        case .changed, .shortWrite, .pathMalformed: .fault(Fault(.internal, description, mend: mend))
        }
    }
}
