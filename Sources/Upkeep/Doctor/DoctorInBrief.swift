public import Encodings
public import Etcd

extension Diagnosis {
    /// What a host says of it to others.
    public var brief: HostReport.Doctor {
        let worst = lines.first { $0.verdict == .wrong } ?? lines.first { $0.verdict == .warning }
        return HostReport.Doctor(
            failures: count(of: .wrong), warnings: count(of: .warning), first: worst?.text)
    }
}

extension HostReport.Doctor {
    /// What `pair host doctor` found and kept, for a process that is too confined to look by itself.
    ///
    /// `nil` where it is no such thing, or too old to be taken for what there is.
    /// - Parameters:
    ///   - bytes: As `Diagnosis.json(foundAt:)` has it.
    ///   - age: How old it may be.
    ///   - now: When that is asked; what was found later is old, too.
    public init?(kept bytes: [UInt8], atMost age: Seconds, at now: UnixTime) {
        guard let object = (try? JSON(parsing: bytes))?.object, let counts = object["counts"]?.object,
            let time = object["time"]?.text.flatMap({ UnixTime(rfc3339: $0.utf8) }),
            time <= now, now < time + age,
            let failures = counts.count(of: .wrong), let warnings = counts.count(of: .warning),
            let lines = object["lines"]?.elements
        else { return nil }
        func first(_ verdict: DoctorLine.Verdict) -> String? {
            lines.compactMap(\.object).first { $0["verdict"]?.text == Text(verdict.rawValue) }?["text"]?.text?.string
        }
        self.init(failures: failures, warnings: warnings, first: first(.wrong) ?? first(.warning))
    }
}

extension JSON.Object {
    fileprivate func count(of verdict: DoctorLine.Verdict) -> Int? {
        guard case .integer(let number) = self[Text(verdict.rawValue)] else { return nil }
        return Int(exactly: number)
    }
}
