// Faults of providers, clock, log and machine, and of what happened.

import Decision
import Discovery
import Encodings
import HostFiles
import IdentityToken
import Policy

@testable import HTTP
@testable import Upkeep

extension DoctorTests {
    private static let address = try? WebAddress("https://idp.example.com/.well-known/openid-configuration")

    private static func failing(_ failure: (WebAddress) -> DiscoveryError) -> ProviderProbe {
        ProviderProbe(failure: address.map(failure), ahead: nil, took: .milliseconds(50))
    }

    private static func ahead(_ seconds: Int64) -> ProviderProbe {
        ProviderProbe(failure: nil, ahead: Seconds(seconds), took: .milliseconds(50))
    }

    static let providerFaults: [Fault] = [
        Fault("provider down", .provider, .providerUnreachable, "refused", "port 443 of idp.example.com") { facts in
            facts.providers[0] = facts.providers[0].with(
                probe: failing { .noAnswer(HTTPError(address: $0, failure: .couldNotConnect(detail: "refused"))) })
        },
        Fault("provider in trouble", .provider, .providerUnreachable, "status 503 found", "Try again later") { facts in
            facts.providers[0] = facts.providers[0].with(
                probe: failing { .status(503, of: .metadata, at: $0, said: nil) })
        },
        Fault("another issuer", .provider, .providerOther, "\"https://other.example.com\" found", "configure that") {
            facts in
            facts.providers[0] = facts.providers[0].with(
                probe: failing {
                    .otherIssuer("https://other.example.com", expected: "https://idp.example.com", at: $0)
                })
        },
        Fault("slow", .provider, .providerSlow, "took 2.5 s", "resolver") { facts in
            facts.providers[0] = facts.providers[0].with(
                probe: ProviderProbe(failure: nil, ahead: Seconds(0), took: .milliseconds(2500)))
        },
        Fault("clock behind", .clock, .clockOff, "2 min behind idp's: new tokens are from the future", "timedatectl") {
            facts in
            facts.providers[0] = facts.providers[0].with(probe: ahead(120))
        },
        Fault("clock in the future", .clock, .clockOff, "1 h ahead of idp's: Keys end early", "timedatectl") { facts in
            facts.providers[0] = facts.providers[0].with(probe: ahead(-3600))
        },
        Fault(
            "one provider's clock", .clock, .clockOfProvider, "idp's clock is 5 min ahead of this host's",
            "whoever runs idp"
        ) { facts in
            facts.providers.append(facts.providers[0])
            facts.providers[0] = facts.providers[0].with(probe: ahead(300))
        },
        Fault("no provider", .keySet, .noProvider, "no [[provider]]", "docs/providers.md") { facts in
            let text = "space = \"x\"\n"
            guard let settings = try? Configuration(parsing: Array(text.utf8), file: "/etc/pair/pair.toml") else {
                return
            }
            facts.configuration = .success(settings)
            facts.providers = []
        },
        Fault("no key set", .keySet, .keySetMissing, "there is no key set", "pair host refresh idp") { facts in
            facts.providers[0] = facts.providers[0].with(.missing, fetchedAt: nil)
        },
        Fault("a key set that others may write", .keySet, .keySetUnusable, "writable", "chmod go-w /k") { facts in
            facts.providers[0] = facts.providers[0].with(
                .unreadable(.writableByOthers("/k", mode: 0o666)), fetchedAt: nil)
        },
        Fault("a key set of no use", .keySet, .keySetUnusable, "no key of the set", "pair host refresh idp") { facts in
            facts.providers[0] = facts.providers[0].with(.useless, fetchedAt: SampleHost.now)
        },
        Fault("an old key set", .keySet, .keySetStale, "nobody there is let in", "pair host refresh idp") { facts in
            let age = Seconds(100_000)
            facts.providers[0] = facts.providers[0].with(
                .outOfDate(.keySetStale(age)), fetchedAt: SampleHost.now - age)
        },
        Fault("a key set from the future", .keySet, .keySetFuture, "nobody there is let in", "Set the host's clock") {
            facts in
            let time = SampleHost.now + Seconds(3600)
            facts.providers[0] = facts.providers[0].with(
                .outOfDate(.keySetInFuture(time)), fetchedAt: time)
        },
        Fault("a key set that was not renewed", .keySet, .keySetOld, "key set of 13 h", "pair host refresh idp") {
            facts in
            facts.providers[0] = facts.providers[0].with(
                .counts(until: SampleHost.now + Seconds(39_600)), fetchedAt: SampleHost.now - Seconds(46_800))
        },
        Fault("refreshes that fail", .keySet, .refreshFailing, "the last refresh failed: no route", "Call them.") {
            facts in
            let state = RefreshState(issuer: "https://idp.example.com").failing(
                next: SampleHost.now, failure: RefreshFailure(description: "no route", advice: "Call them."))
            facts.providers[0] = facts.providers[0].with(
                facts.providers[0].keySet, fetchedAt: facts.providers[0].fetchedAt, refresh: state)
        },
    ]

    static let refreshFaults: [Fault] = [
        Fault(
            "no timer, no cron", .refresh, .refreshUnscheduled, "no timer and no line of cron's",
            "systemctl enable --now"
        ) { facts in
            facts.schedule.timer = .missing
            facts.schedule.path = .missing
        },
        Fault("a timer that is disabled", .refresh, .refreshUnscheduled, "is disabled", "systemctl enable --now") {
            facts in
            facts.schedule.timer = .disabled
        },
        Fault(
            "a timer that was not started", .refresh, .refreshUnscheduled, "was not started", "systemctl enable --now"
        ) { facts in
            facts.schedule.timer = .enabled
        },
        Fault("neither, without systemd", .refresh, .refreshUnscheduled, "no timer", "/etc/cron.d/pair") { facts in
            facts.schedule.isSystemdRunning = false
            facts.schedule.timer = .missing
            facts.schedule.path = .missing
        },
        Fault("no path unit", .refresh, .refreshNotWatching, "nothing waits for logins", "pair-refresh.path") { facts in
            facts.schedule.path = .disabled
        },
        Fault("cron that does not wait for logins", .refresh, .refreshNotWatching, "nothing waits", "--if-wanted") {
            facts in
            facts.schedule.timer = .missing
            facts.schedule.path = .missing
            facts.schedule.cron = ["/etc/cron.d/pair:2"]
        },
        Fault("nothing to touch", .refresh, .refreshWantedMissing, "is not there", "install -m 660 -g _pair") { facts in
            facts.schedule.wanted = SampleHost.path("/run/pair/refresh-wanted", end: .missing)
        },
        Fault("not to be touched", .refresh, .refreshWantedMissing, "may not touch", "install -m 660 -g _pair") {
            facts in
            facts.schedule.wanted = SampleHost.path("/run/pair/refresh-wanted", mode: 0o644)
        },
    ]

    private static let log = "/var/log/pair/access.jsonl"

    static let logFaults: [Fault] = [
        Fault("no log", .log, .logOff, "records go to syslog alone", "file = ") { $0.log.path = nil },
        Fault(
            "log missing", .log, .logMissing, "never makes it: nothing is recorded", "install -D -o _pair -g adm -m 640"
        ) { facts in
            facts.log.path = SampleHost.path(log, end: .missing)
        },
        Fault("log missing, and required", .log, .logMissing, "nobody is let in", "install") { facts in
            if let settings = try? SampleHost.configuration("[log]\nrequired = true\n") {
                facts.configuration = .success(settings)
            }
            facts.log.path = SampleHost.path(log, end: .missing)
        },
        Fault("log of root's", .log, .logUnwritable, "the user _pair may not write", "chown _pair:adm \(log)") {
            facts in
            facts.log.path = SampleHost.path(log, mode: 0o640)
        },
        Fault(
            "a folder that _pair cannot enter", .log, .logUnwritable, "may not enter /var/log/pair",
            "chmod o+x /var/log/pair"
        ) { facts in
            facts.log.path = facts.log.path?.with(mode: 0o750, at: "/var/log/pair")
        },
        Fault("log for everybody", .log, .logUnwritable, "by everybody", "chmod 640") { facts in
            facts.log.path = facts.log.path?.with(mode: 0o666, at: log)
        },
        Fault("a link in its place", .log, .logUnwritable, "is a symbolic link", "rm \(log)") { facts in
            facts.log.path = facts.log.path?.with(.symbolicLink, at: log)
        },
        Fault("read-only", .log, .logUnwritable, "read-only", "Mount") { $0.log.isReadOnly = true },
        Fault("disk full", .log, .logFull, "is full (12 KiB free)", "Make room") { $0.log.free = 12 << 10 },
        Fault("folder of _pair's", .log, .logFolder, "a link could take the log's place", "chown root /var/log/pair") {
            facts in
            facts.log.path = facts.log.path?.owned(by: 990, at: "/var/log/pair")
        },
        Fault("at the cap", .log, .logCapped, "unverified_cap", "logrotate --force") { $0.log.size = 16 << 20 },
        Fault("no rotation", .rotation, .rotationMissing, "grows to unverified_cap (16 MiB)", "docs/logrotate.conf") {
            facts in
            facts.log.rotation = nil
        },
        Fault(
            "rotation that makes no new log", .rotation, .rotationCreates, "no new log is made", "create 0640 _pair adm"
        ) { facts in
            facts.log.rotation = RotationFacts(
                place: "/etc/logrotate.d/pair:1", directives: ["weekly", "create", "nocreate"])
        },
        Fault("a new log of root's", .rotation, .rotationCreates, "made for \"root\"", "create 0640 _pair adm") {
            facts in
            facts.log.rotation = RotationFacts(place: "/etc/logrotate.d/pair:1", directives: ["create 0640 root adm"])
        },
        Fault("copytruncate", .rotation, .rotationCreates, "copytruncate", "without copytruncate") { facts in
            facts.log.rotation = RotationFacts(place: "/etc/logrotate.d/pair:1", directives: ["copytruncate"])
        },
        Fault("rotated as _pair", .rotation, .rotationUnsafe, "su \"_pair\"", "Take su out") { facts in
            facts.log.rotation = RotationFacts(place: "/l:1", directives: ["su _pair adm", "create 0640 _pair adm"])
        },
        Fault("a link beside it", .rotation, .rotationUnsafe, "\(log).1 is a link", "rm \(log).1") {
            $0.log.links = [log + ".1"]
        },
    ]

    static let machineFaults: [Fault] = [
        Fault(
            "SELinux's label", .security, .securitySELinux, "labelled \"user_home_t\"",
            "restorecon -v /usr/bin/pair-authkeys"
        ) { facts in
            facts.security.isSELinuxEnforcing = true
            facts.security.label = "unconfined_u:object_r:user_home_t:s0"
        },
        Fault("AppArmor's profile", .security, .securityAppArmor, "/usr/sbin/sshd", "Ux,") { facts in
            facts.security.profiles = ["/usr/sbin/sshd"]
        },
        Fault("a fault of pair-authkeys", .answer, .answerFault, "says config-missing", "setpriv --reuid=_pair") {
            facts in
            facts.answer = AnswerFacts(user: "_pair", reason: "config-missing", detail: "/k: no such file", took: .zero)
        },
        Fault("no answer", .answer, .answerFault, "did not end within 10 s", "--explain") { facts in
            facts.answer = AnswerFacts(
                user: "_pair", reason: nil, detail: "did not end within 10 s", took: .seconds(10))
        },
        Fault("a slow answer", .answer, .answerSlow, "took 1500 ms", "load") { facts in
            facts.answer = AnswerFacts(user: "_pair", reason: "key-unknown", detail: "", took: .milliseconds(1500))
        },
    ]

    private static func session(_ people: [Standing]) -> SessionFacts {
        SessionFacts(
            process: 4711, login: "alice", began: SampleHost.now,
            people: people.enumerated().map { SessionFacts.Person(name: "p\($0)@example.com", standing: $1) })
    }

    static let pastFaults: [Fault] = [
        Fault("faults of the last day", .refusals, .faults, "config-unsafe 4", "pair access-log --since 24h") { facts in
            facts.record.faults = [RecordFacts.Tally("config-unsafe", 4)]
        },
        Fault("refusals for the host's sake", .refusals, .hostRefuses, "keyset-stale 9", "pair host explain") { facts in
            facts.record.refused.append(RecordFacts.Tally("keyset-stale", 9))
        },
        Fault(
            "a session of somebody removed", .sessions, .sessionOfRemoved, "is p0@example.com's by the log", "kill 4711"
        ) { facts in
            facts.sessions = [session([.refused(.notAMember, "no line of members means them")])]
        },
        Fault("a session of one of two", .sessions, .sessionUncertain, "may be p0@example.com's", "Accepted publickey")
        { facts in
            facts.sessions = [session([.refused(.denied, "members:3 denies them"), .letIn(by: "members:1")])]
        },
    ]

    /// Sessions that nothing is to be said of.
    static let quietSessions: [[Standing]] = [
        [.letIn(by: "members:1")], [.uncertain("members:2 may let them in")], [.nobody], [],
    ]
}
