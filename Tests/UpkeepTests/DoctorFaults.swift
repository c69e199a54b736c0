// Each fault that a doctor knows, put into the facts of a host that is in order.

import Administration
import Decision
import Discovery
import Encodings
import HTTP
import HostFiles
import IdentityToken
import Policy

@testable import Upkeep

extension DoctorTests {
    static let faults =
        programFaults + sshdFaults + commandFaults + fileFaults + appliedFaults + watchFaults + loginFaults
        + providerFaults + refreshFaults + logFaults + machineFaults + pastFaults

    private static let program = "/usr/bin/pair-authkeys"

    static let programFaults: [Fault] = [
        Fault("program not there", .program, .programMissing, "is not there", "Install pair") { facts in
            facts.programs = [ProgramFacts(path: SampleHost.path(program, end: .missing), version: nil)]
        },
        Fault(
            "program's folder writable", .program, .programUnsafe, "/usr/bin is writable by group or others (mode 775)",
            "chmod go-w /usr/bin"
        ) { facts in
            let path = SampleHost.path(program, mode: 0o755).with(mode: 0o775, at: "/usr/bin")
            facts.programs = [ProgramFacts(path: path, version: nil)]
        },
        Fault(
            "program of another user", .program, .programUnsafe, "/usr/bin/pair-authkeys is owned by uid 1001",
            "chown root /usr/bin/pair-authkeys"
        ) { facts in
            facts.programs = [ProgramFacts(path: SampleHost.path(program, owner: 1001, mode: 0o755), version: nil)]
        },
        Fault("program not executable", .program, .programNotExecutable, "no program", "chmod 755") { facts in
            facts.programs = [ProgramFacts(path: SampleHost.path(program, mode: 0o644), version: nil)]
        },
        Fault("program of another version", .program, .programVersion, "version \"0.0.9\"", "one package") { facts in
            facts.programs = [ProgramFacts(path: SampleHost.path(program, mode: 0o755), version: "0.0.9")]
        },
        Fault("user missing", .user, .userMissing, "there is no user \"_pair\"", "useradd --system") { facts in
            facts.commandUsers = ["_pair": nil]
        },
        Fault("user with a shell", .user, .userHasShell, "/bin/bash", "usermod --shell /usr/sbin/nologin _pair") {
            facts in
            facts.commandUsers = ["_pair": UserFacts(name: "_pair", uid: 990, gid: 990, shell: "/bin/bash", home: "/")]
        },
        Fault("run as root", .user, .userIsRoot, "runs as root", "AuthorizedKeysCommandUser _pair") { facts in
            facts.sshd = SampleHost.sshd(["authorizedkeyscommanduser": "root"])
            facts.commandUsers = ["root": SampleHost.root]
        },
    ]

    static let sshdFaults: [Fault] = [
        Fault("sshd not installed", .sshd, .sshdMissing, "no such program", "apt-get install openssh-server") { facts in
            facts.sshd = SSHDFacts()
            facts.sshd.state = .unusable(.program(.missing("sshd")))
        },
        Fault("sshd does not take its configuration", .sshd, .sshdConfiguration, "Bad configuration", "sshd -t") {
            facts in
            facts.sshd.state = .unusable(.refused(SampleHost.main, said: "\"Bad configuration option: Foo\""))
        },
        Fault(
            "sshd of Ubuntu 22.04 with times in UTC", .sshd, .sshdTooOld,
            "OpenSSH 8.9 does not take `[line] expiry_time = \"utc\"`",
            "expiry_time = \"local\" below [line]"
        ) { facts in
            facts.sshd.version = SSHDVersion(told: "OpenSSH_8.9p1 Ubuntu-3ubuntu0.10, OpenSSL 3.0.2 15 Mar 2022")
        },
        Fault("sshd before restrict", .sshd, .sshdTooOld, "`restrict`", "7.7 or later") { facts in
            facts.sshd.version = SSHDVersion(told: "OpenSSH_6.6.1p1, OpenSSL 1.0.1e-fips 11 Feb 2013")
        },
        Fault("sshd of an unknown version", .sshd, .sshdVersionUnknown, "does not say", "sshd -V") {
            $0.sshd.version = nil
        },
        Fault("no public keys", .sshd, .sshdPublicKeysOff, "takes no keys for alice", "PubkeyAuthentication yes") {
            facts in
            facts.sshd = SampleHost.sshd(["pubkeyauthentication": "no"])
        },
        Fault("AllowUsers", .sshd, .sshdLoginKeptOut, "AllowUsers leaves alice out", "AllowUsers alice") { facts in
            facts.sshd = SampleHost.sshd(["allowusers": "bob"])
        },
        Fault("DenyUsers", .sshd, .sshdLoginKeptOut, "DenyUsers names alice", "DenyUsers") { facts in
            facts.sshd = SampleHost.sshd(["denyusers": "ali*"])
        },
        Fault("root granted and not permitted", .sshd, .sshdLoginKeptOut, "PermitRootLogin is no", "prohibit-password")
        { facts in
            facts.sshd = SampleHost.sshd(["permitrootlogin": "no"])
            facts.logins = [SampleHost.login(SampleHost.root, name: "root")]
        },
        Fault("passwords alone", .sshd, .sshdLoginKeptOut, "has no publickey", "AuthenticationMethods publickey") {
            facts in
            facts.sshd = SampleHost.sshd(["authenticationmethods": "password"])
        },
        Fault("another CA", .sshd, .sshdOtherCA, "/etc/ssh/ca.pub enter as alice, root past pair", "TrustedUserCAKeys")
        { facts in
            facts.sshd = SampleHost.sshd(["trustedusercakeys": "/etc/ssh/ca.pub"])
        },
        Fault(
            "authorized_keys at home", .keysFile, .keysFileWritable,
            "alice may write /home/alice/.ssh/authorized_keys: who was let in once can enter for ever (/etc/ssh/sshd_config:2)",
            "AuthorizedKeysFile none"
        ) { facts in
            facts.sshd = SampleHost.sshd(
                ["authorizedkeysfile": ".ssh/authorized_keys"],
                files: [SampleHost.main: "\nAuthorizedKeysFile .ssh/authorized_keys\n"])
            let file = SampleHost.path("/home/alice/.ssh/authorized_keys", end: .missing).owned(
                by: 1001, at: "/home/alice")
            facts.logins = [SampleHost.login(SampleHost.alice, keysFiles: [file])]
        },
        Fault(
            "root's own keys, where root is granted", .keysFile, .keysFileOfRoot, "enter as root past pair",
            "break-glass"
        ) { facts in
            facts.sshd = SampleHost.sshd(["authorizedkeysfile": ".ssh/authorized_keys"])
            facts.logins = [
                SampleHost.login(SampleHost.alice),
                SampleHost.login(
                    SampleHost.root, name: "root",
                    keysFiles: [SampleHost.path("/root/.ssh/authorized_keys", mode: 0o600)]),
            ]
        },
    ]

    static let commandFaults: [Fault] = [
        Fault("no command at all", .command, .commandMissing, "sshd asks no command about alice", SampleHost.command) {
            facts in
            facts.sshd = SampleHost.sshd(["authorizedkeyscommand": "none"], files: [SampleHost.ours: ""])
        },
        Fault(
            "a Match block that leaves the login out", .command, .commandMissing,
            "ours stands in /etc/ssh/sshd_config.d/10-pair.conf:2, for Match User bob alone",
            "AuthorizedKeysCommandUser _pair"
        ) { facts in
            facts.sshd = SampleHost.sshd(
                ["authorizedkeyscommand": "none"],
                files: [SampleHost.ours: "Match User bob\nAuthorizedKeysCommand \(SampleHost.command)\n"])
        },
        Fault(
            "a drop-in that is read earlier", .command, .commandDisplaced,
            "sshd asks /usr/bin/userdbctl about alice, and not us (/etc/ssh/sshd_config.d/05-first.conf:2); ours stands in "
                + "/etc/ssh/sshd_config.d/10-pair.conf:1",
            "Take AuthorizedKeysCommand out of /etc/ssh/sshd_config.d/05-first.conf:2, or have ours"
        ) { facts in
            let other = "/usr/bin/userdbctl ssh-authorized-keys %u"
            facts.sshd = SampleHost.sshd(
                ["authorizedkeyscommand": other],
                files: ["/etc/ssh/sshd_config.d/05-first.conf": "# first\nAuthorizedKeysCommand \(other)\n"])
        },
        Fault(
            "a Match block that displaces us", .command, .commandDisplaced,
            "(/etc/ssh/sshd_config:3, Match User alice)",
            "have its Match leave alice out."
        ) { facts in
            let other = "/usr/bin/sss_ssh_authorizedkeys %u"
            let main = "Include /etc/ssh/sshd_config.d/*.conf\nMatch User alice\nAuthorizedKeysCommand \(other)\n"
            facts.sshd = SampleHost.sshd(files: [SampleHost.main: main])
            facts.sshd.effective[0] = EffectiveSettings(
                login: "alice", settings: SampleHost.settings(["authorizedkeyscommand": other]))
        },
        Fault("no --key %k", .command, .commandArguments, "without --key %k", SampleHost.command) { facts in
            facts.sshd = SampleHost.sshd(["authorizedkeyscommand": "/usr/bin/pair-authkeys --user %u"])
        },
        Fault(
            "a token that sshd does not know", .command, .commandTokenUnknown, "OpenSSH 9.2 does not know the token %C",
            SampleHost.command
        ) {
            facts in
            facts.sshd = SampleHost.sshd(["authorizedkeyscommand": SampleHost.command + " --fingerprint %C"])
        },
        Fault(
            "another pair.toml", .command, .commandConfiguration, "decide by /srv/pair.toml",
            "pair host doctor --config /srv/pair.toml"
        ) { facts in
            facts.sshd = SampleHost.sshd(["authorizedkeyscommand": SampleHost.command + " --config /srv/pair.toml"])
        },
        Fault("templates without --uid", .command, .commandInert, "no template gives a login", "--uid %U") { facts in
            facts.grantsByTemplate = true
            facts.sshd = SampleHost.sshd(["authorizedkeyscommand": "/usr/bin/pair-authkeys --user %u --key %k"])
        },
        Fault("run as somebody else", .command, .commandUser, "is nobody for alice", "AuthorizedKeysCommandUser _pair")
        { facts in
            facts.sshd = SampleHost.sshd(["authorizedkeyscommanduser": "nobody"])
        },
    ]

    static let fileFaults: [Fault] = [
        Fault(
            "members of another user", .files, .fileUnsafe, "/etc/pair/members is owned by uid 1001",
            "chown root /etc/pair/members"
        ) { facts in
            facts.files[1] = FileFacts(path: SampleHost.path("/etc/pair/members", owner: 1001), isNeeded: false)
        },
        Fault("members writable", .files, .fileUnsafe, "(mode 664)", "chmod go-w /etc/pair/members") { facts in
            facts.files[1] = FileFacts(path: SampleHost.path("/etc/pair/members", mode: 0o664), isNeeded: false)
        },
        Fault("their folder writable", .files, .fileUnsafe, "/etc/pair is writable", "chmod go-w /etc/pair") { facts in
            facts.files = facts.files.map {
                FileFacts(path: $0.path.with(mode: 0o777, at: "/etc/pair"), isNeeded: $0.isNeeded)
            }
        },
        Fault(
            "a link", .files, .fileUnsafe, "/etc/pair/members is a symbolic link",
            "put the file itself at /etc/pair/members"
        ) { facts in
            facts.files[1] = FileFacts(
                path: SampleHost.path("/etc/pair/members", .symbolicLink, mode: 0o777), isNeeded: false)
        },
        Fault("a FIFO", .files, .fileUnsafe, "/etc/pair/members is a FIFO", "put the file itself at /etc/pair/members")
        { facts in
            facts.files[1] = FileFacts(path: SampleHost.path("/etc/pair/members", .fifo), isNeeded: false)
        },
        Fault(
            "a directory", .files, .fileUnsafe, "/etc/pair/members is a directory",
            "put the file itself at /etc/pair/members"
        ) { facts in
            facts.files[1] = FileFacts(
                path: SampleHost.path("/etc/pair/members", .directory, mode: 0o755), isNeeded: false)
        },
        Fault("named and missing", .files, .fileMissing, "/etc/pair/revoked is not there", "Create it") { facts in
            facts.files[2] = FileFacts(path: SampleHost.path("/etc/pair/revoked", end: .missing), isNeeded: true)
        },
        Fault(
            "a file that _pair cannot read", .files, .fileUnreadable, "the user _pair may not read /etc/pair/members",
            "chmod o+r /etc/pair/members"
        ) { facts in
            facts.files[1] = FileFacts(path: SampleHost.path("/etc/pair/members", mode: 0o600), isNeeded: false)
        },
        Fault(
            "a folder that _pair cannot enter", .files, .fileUnreadable, "may not enter /etc/pair",
            "chmod g+x /etc/pair"
        ) { facts in
            facts.files[1] = FileFacts(
                path: SampleHost.path("/etc/pair/members").replacing("/etc/pair") {
                    PathFacts.Step($0.path, $0.kind, group: 990, mode: 0o740)
                }, isNeeded: false)
        },
        Fault("not to be looked at", .files, .unseen, "could not be looked at", "Run it as root.") { facts in
            facts.isRoot = false
            facts.files[1] = FileFacts(path: SampleHost.path("/etc/pair/members", end: .forbidden), isNeeded: false)
        },
        Fault("a bad line of members", .policy, .policyErrors, "1 error", "pair spaces check") { facts in
            facts.findings = [Finding(file: "/etc/pair/members", line: 3, reason: .fault("PROVIDER is missing"))]
        },
        Fault("a line that never counts", .policy, .policyWarnings, "1 warning", "pair spaces check") { facts in
            facts.findings = [Finding(file: "/etc/pair/members", line: 3, reason: .grantExpired(SampleHost.now))]
        },
    ]

    static let loginFaults: [Fault] = [
        Fault("no such user", .logins, .loginUnknown, "alice is granted, and this machine has no such user", "useradd")
        { facts in
            facts.logins[0] = SampleHost.login(nil)
        },
        Fault("nologin", .logins, .loginNoLogin, "/usr/sbin/nologin", "usermod --shell /bin/bash alice") { facts in
            facts.logins[0] = SampleHost.login(
                UserFacts(name: "alice", uid: 1001, gid: 1001, shell: "/usr/sbin/nologin", home: "/home/alice"))
        },
        Fault("a shell that is not there", .logins, .loginShellMissing, "/bin/bash cannot be run", "usermod --shell") {
            facts in
            facts.logins[0] = SampleHost.login(SampleHost.alice, hasShell: false)
        },
        Fault("locked, without PAM", .logins, .loginLocked, "alice is locked", "usermod --password '*' alice") {
            facts in
            facts.sshd = SampleHost.sshd(["usepam": "no"])
            facts.logins[0] = SampleHost.login(
                SampleHost.alice, shadow: LoginFacts.Shadow(line: "alice:!:19000:0:99999:7:::"))
        },
        Fault("an account that is over", .logins, .loginExpired, "over since day 19000", "chage --expiredate -1 alice")
        { facts in
            facts.logins[0] = SampleHost.login(
                SampleHost.alice, shadow: LoginFacts.Shadow(line: "alice:*:18000:0:99999:7::19000:"))
        },
        Fault("more logins than are looked at", .logins, .unseen, "12 more logins", "--login NAME") { facts in
            facts.loginsLeftOut = 12
        },
    ]
}
