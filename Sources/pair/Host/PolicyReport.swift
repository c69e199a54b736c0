import Encodings
import Foundation
import Policy
import Upkeep

/// What came of refreshing a host's policy, in words for people and for programs.
struct PolicyReport {
    private let refresh: AppliedRefresh
    private let file: String

    init(_ refresh: AppliedRefresh, under configuration: Configuration) {
        self.refresh = refresh
        file = configuration.resolve(refresh.source.file)
    }

    private var condition: String { "\(refresh.policy.condition)" }

    private var countsUntil: UnixTime? {
        if case .counts(let end) = refresh.policy.condition { end } else { nil }
    }

    var json: JSON.Object {
        var object = JSON.Object()
        object.add("policy", .string(refresh.source.name))
        object.add("state", "\(refresh.verdict)")
        object.add("action", refresh.action.rawValue)
        object.add("change", refresh.change?.rawValue)
        if let header = refresh.policy.header {
            object.add("serial", .integer(Int64(clamping: header.serial)))
            object.add("created", header.created.rfc3339)
            object.add("expires", header.expires.rfc3339)
        }
        object.add("counts_until", countsUntil?.rfc3339)
        object.add("next", (refresh.next ?? refresh.time).rfc3339)
        object.add("failures", .integer(refresh.failures))
        object.add("error", refresh.failure?.description ?? (refresh.policy.counts ? nil : condition))
        object.add("advice", refresh.failure?.advice)
        object.add("file", file)
        return object
    }

    /// Whether this was said by the run before that asked, and nobody is worse off since.
    var isKnown: Bool { refresh.action == .left && refresh.verdict == .old }

    /// One line, for people.
    func line(_ style: Style) -> String {
        let serial = refresh.policy.header.map { " \($0.serial)" } ?? ""
        let left = countsUntil.map { ", counts for \($0.since(refresh.time))" } ?? ""
        return switch refresh.verdict {
        case .fresh:
            "policy\(serial): " + style.green((refresh.change.map { Self.words($0) } ?? "fresh") + left)
        case .old: "policy\(serial): " + style.yellow("not renewed\(left)")
        case .none: "policy\(serial): " + style.red("none that counts")
        }
    }

    private static func words(_ change: AppliedRefresh.Change) -> String {
        switch change {
        case .first: "applied"
        case .new: "new, applied"
        case .same: "the same"
        }
    }

    /// What went wrong, what it means, and what to do about it; `nil` where nothing did.
    var complaint: String? {
        let lead = "policy: \(refresh.failure?.description ?? condition)"
        let advice = refresh.failure.map { $0.advice.map { ["\($0)"] } ?? [] } ?? ["Run pair host refresh."]
        switch refresh.verdict {
        case .fresh: return nil
        case .old:
            let serial = refresh.policy.header.map { "\($0.serial)" } ?? ""
            let left = countsUntil.map { "\($0.since(refresh.time))" } ?? ""
            let meaning = "Policy \(serial) still counts, for \(left): until then people can log in by it."
            return ([lead] + advice + [meaning]).joined(separator: "\n")
        case .none:
            let why = refresh.failure == nil ? "" : ": \(condition)"
            return ([lead] + advice + ["No policy counts\(why). Nobody can log in until one is applied."])
                .joined(separator: "\n")
        }
    }
}

/// How far ahead of UTC local time is at a moment given as if it were UTC.
func secondsFromUTC(at moment: UnixTime) -> Seconds {
    let date = Date(timeIntervalSince1970: TimeInterval(moment.seconds))
    return Seconds(Int64(TimeZone.current.secondsFromGMT(for: date)))
}
