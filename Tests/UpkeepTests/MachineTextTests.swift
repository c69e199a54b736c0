import Encodings
import Testing

@testable import Upkeep

@Suite("what a doctor reads from a machine's files")
struct MachineTextTests {
    // MARK: - logrotate

    private static let log = "/var/log/pair/access.jsonl"

    struct Rotation: Sendable, CustomTestStringConvertible {
        let name: String
        let files: [String]
        let expected: RotationFacts?
        var testDescription: String { name }
    }

    static let rotations = [
        Rotation(name: "nothing", files: ["weekly\n"], expected: nil),
        Rotation(
            name: "ours", files: ["weekly\ncreate\n", "# c\n\(log) {\n  weekly\n\n  create 0640 _pair adm # c\n}\n"],
            expected: RotationFacts(place: "f1:2", directives: ["weekly", "create", "weekly", "create 0640 _pair adm"])),
        Rotation(
            name: "another's", files: ["", "/var/log/other {\n su root\n}\n"], expected: nil),
        Rotation(
            name: "behind another's, by a pattern, the brace on a line of its own, with a script",
            files: [
                "",
                "/var/log/a\n/var/log/b {\n postrotate\n  }\n endscript\n}\n\"/var/log/pair/*.jsonl\"\n{\n rotate 3\n}",
            ],
            expected: RotationFacts(place: "f1:8", directives: ["rotate 3"])),
        Rotation(
            name: "what an included file says of itself is not told of the next",
            files: ["", "copytruncate\n/var/log/x {\n}\n", "\(log) {\n rotate 1\n}\n"],
            expected: RotationFacts(place: "f2:1", directives: ["rotate 1"])),
    ]

    @Test("logrotate's block about the log is found, with what holds for all", arguments: rotations)
    func rotation(_ row: Rotation) {
        let files = row.files.enumerated().map { ("f\($0)", Array($1.utf8)) }
        #expect(RotationFacts.find(Self.log, in: files) == row.expected)
    }

    // MARK: - cron

    @Test(
        "a line of cron's is one that runs the refresh",
        arguments: [
            ("* * * * * root /usr/bin/pair host refresh --if-due --if-wanted --quiet", true as Bool?),
            ("17 * * * * root pair host refresh", false), ("# * * * * * root pair host refresh", nil),
            ("@reboot root install -d /run/pair", nil), ("* * * * * root pair host doctor", nil),
            ("* * * * * root repair host refresh", nil), ("", nil),
        ])
    func cron(_ line: String, isWatching: Bool?) {
        let lines = CronLine.all(in: Array("SHELL=/bin/sh\n\(line)\n".utf8))
        #expect(lines.map(\.isWatching) == (isWatching.map { [$0] } ?? []))
        #expect(lines.allSatisfy { $0.number == 2 })
    }

    // MARK: - /proc

    private static let status = "4711 (sshd) S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 1 2 3"

    @Test(
        "a process of sshd's is a session by its title",
        arguments: [
            ("sshd: alice@pts/0", "alice" as String?), ("sshd: alice@notty", "alice"), ("sshd: alice", "alice"),
            ("sshd-session: alice@pts/0,pts/1", "alice"), ("sshd: a@b.example@notty", "a@b.example"),
            ("sshd: alice [priv]", nil), ("sshd: alice [net]", nil), ("sshd: [accepted]", nil),
            ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", nil), ("sshd: /usr/sbin/sshd", nil),
            ("/usr/sbin/sshd\0-D", nil), ("bash", nil), ("", nil),
        ])
    func titles(_ title: String, login: String?) {
        let session = SessionProcess(title: Array("\(title)\0\0".utf8), status: Array(Self.status.utf8))
        #expect(session?.login == login)
        #expect(session.map { $0.began == 123_456 } ?? true)
    }

    @Test("a program's name with a bracket and blanks in it does not move the time")
    func status() {
        let session = SessionProcess(
            title: Array("sshd: alice".utf8), status: Array(Self.status.replacing("(sshd)", with: "(a) b (c)").utf8))
        #expect(session?.began == 123_456)
        #expect(SessionProcess(title: Array("sshd: alice".utf8), status: Array("1 (sshd) S 1".utf8)) == nil)
    }

    @Test("the machine's start is where /proc/stat has it")
    func start() {
        #expect(SessionProcess.machineStart(Array("cpu 1\nbtime 1795000000\nx 1\n".utf8))?.seconds == 1_795_000_000)
        #expect(SessionProcess.machineStart(Array("cpu 1\n".utf8)) == nil)
    }

    @Test(
        "whether a path can be written is for the mount that is nearest",
        arguments: [
            ("/", "rw", "/var", "rw", false), ("/", "ro", "/var", "rw", false), ("/", "rw", "/var", "ro,noatime", true),
            ("/", "ro", "/va", "rw", true), ("/", "rw", "/var/log/pair/access.jsonl", "ro", true),
        ])
    func mounts(_ first: String, _ firstOptions: String, _ second: String, _ secondOptions: String, expected: Bool) {
        let text = "a \(first) ext4 \(firstOptions) 0 0\nb \(second) ext4 \(secondOptions) 0 0\n"
        #expect(isReadOnly(Self.log, mounts: Array(text.utf8)) == expected)
    }

    // MARK: - Users

    @Test(
        "a path of AuthorizedKeysFile is filled in for the user",
        arguments: [
            (".ssh/authorized_keys", "/home/alice/.ssh/authorized_keys"), ("/etc/keys/%u", "/etc/keys/alice"),
            ("%h/k", "/home/alice/k"), ("/k/%U-%%-%u", "/k/1001-%-alice"),
        ])
    func keysFiles(_ pattern: String, path: String) {
        #expect(keysFile(pattern, of: SampleHost.alice) == path)
    }

    @Test(
        "a line of shadow says whether the account is locked, and its last day",
        arguments: [
            ("alice:!:19000:0:99999:7:::", true, nil as Int64?), ("alice:!$y$x:19000:0:99999:7:::", true, nil),
            ("alice:*:19000:0:99999:7::20000:", false, 20_000), ("alice:$y$x:19000:0:99999:7:::", false, nil),
        ])
    func shadow(_ line: String, isLocked: Bool, expires: Int64?) {
        #expect(LoginFacts.Shadow(line: line) == LoginFacts.Shadow(isLocked: isLocked, expires: expires))
        #expect(LoginFacts.Shadow(line: "alice:!") == nil)
    }
}
