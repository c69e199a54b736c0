internal import Encodings
internal import HostFiles

extension HostFacts {
    // MARK: - SELinux and AppArmor

    /// Types of programs that the policies of distributions let sshd run.
    private static let runnableTypes = ["bin_t", "sshd_keygen_exec_t", "ssh_exec_t", "shell_exec_t", "usr_t"]

    var securityLines: [DoctorLine] {
        var lines: [DoctorLine] = []
        let program = programs.first?.path.path ?? "/usr/bin/pair-authkeys"
        if security.isSELinuxEnforcing == true {
            let fields = security.label?.split(separator: ":").map(String.init) ?? []
            if fields.count < 3 {
                lines.append(
                    DoctorLine(
                        .security, .unseen, "SELinux enforces, and the label of \(shown(program)) was not found",
                        mend: "ls -Z \(shown(program))"))
            } else if !Self.runnableTypes.contains(fields[2]) {
                lines.append(
                    DoctorLine(
                        .security, .securitySELinux,
                        "SELinux enforces, and \(shown(program)) is labelled \(quoted(fields[2])): sshd may not run it",
                        mend: "restorecon -v \(shellQuoted(program)); then `ausearch -m avc -ts recent`"))
            }
        }
        if !security.profiles.isEmpty, !security.isProgramAllowed {
            lines.append(
                DoctorLine(
                    .security, .securityAppArmor,
                    "AppArmor enforces \(listed(security.profiles.map(quotedIfNeeded))): it may keep sshd from running \(shown(program))",
                    mend:
                        "If the kernel's log has DENIED for it: `\(program) Ux,` in /etc/apparmor.d/local/usr.sbin.sshd"
                ))
        }
        guard lines.isEmpty else { return lines }
        let selinux =
            switch security.isSELinuxEnforcing {
            case nil: "off"
            case false?: "permissive"
            case true?: "enforcing, and the program's label is right"
            }
        return [
            DoctorLine(
                .security, .ok,
                "SELinux is \(selinux); AppArmor has no profile that would stop the program")
        ]
    }

    // MARK: - How it answers

    /// Far more than it takes, and far less than its deadline.
    private static let slowAnswer = Duration.seconds(1)

    var answerLines: [DoctorLine] {
        guard let answer else { return [] }
        let who = answer.user.map { " as \($0)" } ?? ""
        guard let reason = answer.reason else {
            return [
                DoctorLine(
                    .answer, .answerFault, "pair-authkeys, run\(who), gave no answer: \(answer.detail)", mend: trial)
            ]
        }
        guard Text(reason) == "key-unknown" else {
            return [
                DoctorLine(
                    .answer, .answerFault,
                    "pair-authkeys, run\(who), says \(quotedIfNeeded(reason)) to a key that nobody has: \(answer.detail)",
                    mend: trial)
            ]
        }
        let milliseconds = Int64(answer.took / .milliseconds(1))
        guard answer.took <= Self.slowAnswer else {
            return [
                DoctorLine(
                    .answer, .answerSlow,
                    "pair-authkeys took \(milliseconds) ms to answer; it gives up after five seconds",
                    mend: "See to the machine's load, its disk, and the size of accounts and members.")
            ]
        }
        let unlike = answer.user == nil && !isRoot ? ", run as you and not as sshd does" : ""
        return [DoctorLine(.answer, .ok, "pair-authkeys refuses a key that nobody has, in \(milliseconds) ms\(unlike)")]
    }

    private var trial: String {
        "setpriv --reuid=\(Self.userName) --regid=\(Self.userName) --clear-groups pair-authkeys --user root --key AAAA --explain"
            + configurationOption
    }
}
