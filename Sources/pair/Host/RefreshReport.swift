import Encodings
import Foundation
import IdentityToken
import Policy
import Upkeep

/// What came of a refresh, in words for people and for programs.
struct RefreshReport {
    private let refresh: ProviderRefresh
    private let file: String

    init(_ refresh: ProviderRefresh, under configuration: Configuration) {
        self.refresh = refresh
        file = configuration.keySetPath(of: refresh.provider)
    }

    private var name: String { refresh.provider.name }

    private var countsUntil: UnixTime? {
        if case .counts(let end) = refresh.cached.condition { end } else { nil }
    }

    /// How long the set counts still, `nil` where it does not.
    private var countsFor: Seconds? { countsUntil.map { $0.since(refresh.time) } }

    private var age: Seconds? { refresh.cached.keySet.map { refresh.time.since($0.fetchedAt) } }

    // MARK: - For programs

    var json: JSON.Object {
        var object = JSON.Object()
        object.add("provider", name)
        object.add("issuer", .string(refresh.provider.issuer))
        object.add("state", "\(refresh.verdict)")
        object.add("action", refresh.action.rawValue)
        object.add("change", refresh.change?.rawValue)
        if let count = refresh.keyCount { object.add("keys", .integer(Int64(count))) }
        object.add("algorithms", .array(refresh.algorithms.map { .string(Text($0.rawValue)) }))
        object.add("fetched_at", refresh.cached.keySet?.fetchedAt.rfc3339)
        object.add("counts_until", countsUntil?.rfc3339)
        object.add("next", (refresh.next ?? refresh.time).rfc3339)
        object.add("failures", .integer(refresh.failures))
        object.add("error", refresh.failure?.description ?? (refresh.cached.counts ? nil : condition))
        object.add("advice", refresh.failure?.advice)
        object.add("file", file)
        return object
    }

    private var condition: String { "\(refresh.cached.condition)" }

    // MARK: - For people

    /// Whether this was said by the run before that asked, and nobody is worse off since: cron would mail it every minute.
    var isKnown: Bool { refresh.action == .left && refresh.verdict == .old }

    /// What went wrong, what it means, and what to do about it; `nil` where nothing did.
    var complaint: String? {
        let lead = "\(name): \(refresh.failure?.description ?? condition)"
        let advice = refresh.failure.map { $0.advice.map { ["\($0)"] } ?? [] } ?? ["Run pair host refresh \(name)."]
        switch refresh.verdict {
        case .fresh: return nil
        case .old:
            let meaning =
                "Its key set of \(age.map { "\($0)" } ?? "some time") ago still counts, for \(countsFor ?? Seconds(0)): "
                + "until then people at \(name) can log in."
            return ([lead] + advice + [meaning]).joined(separator: "\n")
        case .none:
            let why = refresh.failure == nil ? "" : ": \(condition)"
            let meaning = "No key set of \(name) counts\(why). Nobody there can log in until one is fetched."
            return ([lead] + advice + [meaning]).joined(separator: "\n")
        }
    }

    /// A line for each, below a line of headings.
    static func table(of reports: [RefreshReport], style: Style) -> String {
        var table = Table(["PROVIDER", "ISSUER", "KEYS", "AGE", "NEXT", "STATE"], style: style)
        for report in reports {
            table.add(report.cells.map { Table.Cell($0) } + [Table.Cell(report.state) { report.coloured($0, style) }])
        }
        return table.text
    }

    /// All but the state.
    private var cells: [String] {
        let algorithms = refresh.algorithms.map(\.rawValue).joined(separator: " ")
        let left = refresh.next.map { $0.since(refresh.time) } ?? Seconds(0)
        return [
            // An issuer of pair.toml has nothing in it that a terminal would obey.
            name, refresh.provider.issuer.string, refresh.keyCount.map { "\($0) \(algorithms)" } ?? "-",
            age.map { $0 < Seconds(0) ? "in the future" : "\($0)" } ?? "-", left > Seconds(0) ? "in \(left)" : "now",
        ]
    }

    private var state: String {
        switch refresh.verdict {
        case .fresh:
            switch refresh.change {
            case .first: "fetched"
            case .new: "new keys"
            case .same: "same keys"
            case nil: "fresh"
            }
        case .old: "not renewed, counts for \(countsFor ?? Seconds(0))"
        case .none: "no set that counts"
        }
    }

    private func coloured(_ text: String, _ style: Style) -> String {
        switch refresh.verdict {
        case .fresh: style.green(text)
        case .old: style.yellow(text)
        case .none: style.red(text)
        }
    }
}
