import ArgumentParser
import Encodings
import Foundation
import HostFiles
import Upkeep

extension Host {
    /// `pair host remove`: sshd as it was before, and what set-up made taken away.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back what `pair host setup` made.",
            discussion: """
                sshd comes first: its drop-in goes, sshd judges what is left, and the running one reads it; where it does not \
                take that, the drop-in is put back and nothing else is done. Then the timer or cron's file, and what else was \
                made. The policy in /etc/pair, the access log and the user _pair stay, unless --purge is given.

                Keys in ~/.ssh/authorized_keys that were shut out count again. Keep a root shell open until a login has worked.
                """)

        @Flag(help: "The policy, the access log and the user _pair, too.")
        var purge = false

        @Flag(help: "Show every file and command, and change nothing.")
        var dryRun = false

        @Flag(help: "One JSON object at the end.")
        var json = false

        func run() async throws {
            let terminal = Terminal()
            try await terminal.reporting {
                guard geteuid() == 0 else { throw Failure.notRoot("remove") }
                let interruption = Interruption()
                let surroundings = SetupSurroundings(
                    places: HostPlaces(), programs: SystemPrograms(), files: SystemSSHDFiles(), now: { now() },
                    fetchKeySets: {}, isInterrupted: { interruption.hasCome })
                let setup = HostSetup(in: surroundings)
                if setup.isCutShort, !dryRun {
                    try setup.undoCutShort()
                    terminal.say("A set-up was cut short; what it had done is undone.")
                }
                let removal = HostRemoval(in: surroundings)
                let plan = try removal.plan(purge: purge)
                if !json, !plan.letIn.isEmpty {
                    let lines = plan.letIn.map { "  \($0.login): \($0.keys) in \(shown($0.file))" }
                    terminal.say((["Keys that count again:"] + lines).joined(separator: "\n"))
                }
                let commands = commands(plan)
                if dryRun { return print(json ? object(plan, []) : commands.joined(separator: "\n")) }
                let failures = try await removal.carryOut(plan, purge: purge)
                print(json ? object(plan, failures) : done(plan, commands, Style(for: STDOUT_FILENO)))
                guard failures.isEmpty else {
                    throw Failure(
                        description: "not taken away: \(failures.joined(separator: "; "))",
                        advice: "sshd no longer asks pair-authkeys. Take away the rest by hand.")
                }
            }
        }

        private func commands(_ plan: HostRemoval.Plan) -> [String] {
            plan.deactivation.map { "\($0)" } + plan.commands.map { $0.joined(separator: " ") }
                + plan.paths.map { "rm -r \(shown($0))" } + (plan.user.map { ["userdel \($0)"] } ?? [])
        }

        private func done(_ plan: HostRemoval.Plan, _ commands: [String], _ style: Style) -> String {
            var lines =
                commands.isEmpty ? ["Nothing was there to take away."] : commands.map { "\(style.green("ok"))  \($0)" }
            if !plan.kept.isEmpty {
                lines.append("kept\(purge ? "" : ", until --purge"): \(plan.kept.joined(separator: ", "))")
            }
            return (lines + ["", style.bold("Keep this shell open until a login from elsewhere has worked.")])
                .joined(separator: "\n")
        }

        private func object(_ plan: HostRemoval.Plan, _ failures: [String]) -> String {
            let texts = { (list: [String]) in JSON.array(list.map { .string(Text($0)) }) }
            var object = JSON.Object()
            object.add("dry_run", .bool(dryRun))
            object.add("steps", texts(commands(plan)))
            object.add("kept", texts(plan.kept))
            object.add("failures", texts(failures))
            return String(decoding: JSON.object(object).encoded, as: UTF8.self)
        }
    }
}
