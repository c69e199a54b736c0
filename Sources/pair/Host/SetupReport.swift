import Encodings
import Foundation
import HostFiles
import Upkeep

/// What set-up will do or has done, in words for people and for programs.
struct SetupReport {
    let plan: SetupPlan
    let space: String?
    let style: Style

    // MARK: - Before

    /// Whose own keys will no longer count, `nil` where nobody's.
    var shutOut: String? {
        guard !plan.shutOut.isEmpty else { return nil }
        let lines = plan.shutOut.map {
            "  \($0.login): \($0.keys == 1 ? "1 key" : "\($0.keys) keys") in \(shown($0.file))"
        }
        return (["This shuts out, for new logins:"] + lines).joined(separator: "\n")
    }

    /// Every file and command.
    var preview: String {
        guard !plan.isEmpty else { return "Everything is so already.\n" }
        let trial = ["# then, on trial: \(plan.trialLogin) logs in to a throw-away sshd on loopback"]
        let lines =
            plan.preparation.map(preview) + (plan.activation.isEmpty ? [] : trial) + plan.activation.map(preview)
        return (lines + plan.notes.map { "# \($0)" }).joined(separator: "\n") + "\n"
    }

    private func preview(_ step: SetupStep) -> String {
        guard case .file(let file) = step, !file.new.isEmpty else { return "\(step)" }
        let difference = Difference(path: file.path, old: file.old, new: file.new).text
        return "\(step)\n\(difference)".trimmingCharacters(in: .newlines)
    }

    // MARK: - After

    /// What was done and what it shows.
    func done(_ outcome: HostSetup.Outcome) -> String {
        let mark = style.green("ok")
        var lines = outcome.steps.map { "\(mark)  \(told($0))" }
        if plan.isAlreadySo { lines.append("\(mark)  everything was so already") }
        if let trial = outcome.trial { lines += told(trial).map { "\(mark)  \($0)" } }
        let count = outcome.checkedLogins == 1 ? "1 login" : "\(outcome.checkedLogins) logins"
        lines.append("\(mark)  sshd \(plan.version) goes by \(shown(plan.dropInPath)) for \(count), as `sshd -T` says")
        lines += plan.notes.map { "\(style.yellow("note"))  \($0)" }
        lines.append("")
        lines.append(
            style.bold("Keep this shell open until a login from elsewhere has worked.")
                + " To take it all back: pair host remove")
        return lines.joined(separator: "\n") + "\n"
    }

    private func told(_ step: SetupStep) -> String {
        switch step {
        case .user(let name, _): "user \(name)"
        case .folder(let path, _): "folder \(shown(path))"
        case .file(let file): "\(file.old == nil ? "wrote" : "changed") \(shown(file.path))"
        case .standing(let file): "owner and mode of \(shown(file.path))"
        case .removal(let path): "removed \(shown(path))"
        case .keySets(_, let providers): "keys of \(providers.joined(separator: ", "))"
        case .command(let command, _): command.joined(separator: " ")
        case .reload(let means): "\(means): sshd reads its configuration anew, sessions go on"
        }
    }

    private func told(_ trial: TrialOutcome) -> [String] {
        let ran = trial.ranAs == nil ? ", though sshd ran something else than it asked for" : ""
        let first = "trial login: \(trial.login) with a granted key got in\(ran)"
        let second =
            switch trial.ownKeys {
            case .refused: "trial login: \(trial.login) with a key in its own authorized_keys was refused"
            case .accepted: "trial login: \(trial.login) with a key in its own authorized_keys got in, as was asked for"
            case .untried: "not tried for want of a mount of its own: a key in \(trial.login)'s own authorized_keys"
            }
        return [first, second]
    }

    // MARK: - For programs

    /// One object; without an outcome, of what would be done.
    func json(_ outcome: HostSetup.Outcome?) -> String {
        var object = JSON.Object()
        object.add("changed", .bool(outcome != nil && !plan.isAlreadySo))
        object.add("dry_run", .bool(outcome == nil))
        object.add("steps", .array(plan.steps.map { .object(step($0)) }))
        object.add("drop_in", plan.dropInPath)
        object.add("sshd", "\(plan.version)")
        object.add(
            "shut_out",
            .array(
                plan.shutOut.map { item in
                    var entry = JSON.Object()
                    entry.add("login", item.login)
                    entry.add("file", item.file)
                    entry.add("keys", .integer(Int64(item.keys)))
                    return .object(entry)
                }))
        if let trial = outcome?.trial {
            var entry = JSON.Object()
            entry.add("login", trial.login)
            entry.add("granted", "accepted")
            entry.add("own_keys", trial.ownKeys.rawValue)
            object.add("trial", .object(entry))
        }
        object.add("notes", .array(plan.notes.map { .string(Text($0)) }))
        return String(decoding: JSON.object(object).encoded, as: UTF8.self) + "\n"
    }

    private func step(_ step: SetupStep) -> JSON.Object {
        var object = JSON.Object()
        object.add("kind", step.kind)
        object.add("subject", step.subject)
        object.add("command", "\(step)")
        return object
    }
}

extension SetupPlan {
    /// Whether there is nothing but the key sets to look at.
    var isAlreadySo: Bool {
        steps.allSatisfy { if case .keySets = $0 { true } else { false } }
    }
}
