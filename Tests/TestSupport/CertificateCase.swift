// Certificates that `ssh-keygen -s` can make, and what comes of each: for the program alone and for a real sshd.

/// One certificate, for whom and by whom, and the answer.
struct CertificateCase: Sendable, CustomStringConvertible {
    /// What comes of a case.
    enum Answer: Sendable {
        /// The principal on the line.
        case accepted(String)
        /// The reason.
        case refused(String)
    }

    let name: String
    /// Names of `CertificateKeys`.
    let user: String
    let ca: String
    /// ssh-keygen's, with the principals.
    let flags: [String]
    /// `pgs`, `tuns` or `root`, for a login of that service and of `admin`; or another, for one of none.
    let login: String
    let answer: Answer
    /// Whether sshd refuses what we accept, because of what the CA wrote; it forgives no skew either.
    let isRefusedBySSHD: Bool

    var description: String { name }

    /// A certificate for the principal `pgs` unless `flags` name others, or are `none`.
    private init(
        _ name: String, _ answer: Answer, _ flags: [String] = [], user: String = "user-ed25519",
        ca: String = "ca-ed25519", login: String = "pgs", isRefusedBySSHD: Bool = false
    ) {
        self.name = name
        self.user = user
        self.ca = ca
        self.login = login
        self.answer = answer
        self.isRefusedBySSHD = isRefusedBySSHD
        let hasPrincipals = flags.contains("-n") || flags == ["none"]
        self.flags = hasPrincipals ? flags.filter { $0 != "none" } : flags + ["-n", "pgs"]
    }

    static let all = [keys, validities, options, numbers, principals, signers].flatMap { $0 }

    private static let pgs = Answer.accepted("pgs")

    private static let keys =
        CertificateKeys.kinds.keys.sorted().flatMap { kind in
            (CertificateKeys.kinds.keys.sorted() + CertificateKeys.skKinds.keys.sorted()).map { user in
                CertificateCase(
                    "a key \(user), a CA \(kind)", pgs, ["-V", "+5m"], user: "user-\(user)", ca: "ca-\(kind)")
            }
        } + [
            CertificateCase("an RSA CA by SHA-256", pgs, ["-t", "rsa-sha2-256"], ca: "ca-rsa-2048"),
            CertificateCase("an RSA CA by SHA-512", pgs, ["-t", "rsa-sha2-512"], ca: "ca-rsa-3072"),
            CertificateCase("an RSA CA by SHA-1", .refused("cert-signature"), ["-t", "ssh-rsa"], ca: "ca-rsa-4096"),
            CertificateCase("an RSA CA of 1024 bits", .refused("cert-signature"), ca: "ca-rsa-1024"),
            CertificateCase("an RSA key of 1024 bits", .refused("key-type-unsupported"), user: "user-rsa-1024"),
        ]

    private static let validities = [
        CertificateCase("no validity: for ever", pgs),
        CertificateCase("always to forever", pgs, ["-V", "always:forever"]),
        CertificateCase("five minutes from now", pgs, ["-V", "+5m"]),
        CertificateCase("a week around now", pgs, ["-V", "-3d:+4d"]),
        CertificateCase("from a date to a date", pgs, ["-V", "20200101:20991231"]),
        CertificateCase("from a second to a second", pgs, ["-V", "20200101000000:20991231235959"]),
        CertificateCase("in UTC", pgs, ["-V", "20200101000000Z:20991231235959Z"]),
        CertificateCase("in hex", pgs, ["-V", "0x0:0xee6b2800"]),
        CertificateCase("until a date, from always", pgs, ["-V", "always:20991231"]),
        CertificateCase("from now for ever", pgs, ["-V", "-1m:forever"]),
        CertificateCase("from within the skew", pgs, ["-V", "+15s:+5m"], isRefusedBySSHD: true),
        CertificateCase("past", .refused("cert-expired"), ["-V", "-2h:-1h"]),
        CertificateCase("past by a second", .refused("cert-expired"), ["-V", "-2h:-1s"]),
        CertificateCase("past, in dates", .refused("cert-expired"), ["-V", "20200101:20200102"]),
        CertificateCase("ended in 1970", .refused("cert-expired"), ["-V", "0x0:0x1"]),
        CertificateCase("future", .refused("cert-not-yet-valid"), ["-V", "+1h:+2h"]),
        CertificateCase("future, for ever", .refused("cert-not-yet-valid"), ["-V", "20990101:forever"]),
        CertificateCase("from beyond the skew", .refused("cert-not-yet-valid"), ["-V", "+2m:+5m"]),
    ]

    private static let options = [
        CertificateCase("force-command", pgs, ["-O", "force-command=/bin/true"], isRefusedBySSHD: true),
        CertificateCase("source-address", pgs, ["-O", "source-address=10.0.0.0/8,::1/128"], isRefusedBySSHD: true),
        CertificateCase("verify-required", pgs, ["-O", "verify-required"]),
        CertificateCase("source-address with ours", pgs, ["-O", "source-address=127.0.0.0/8"]),
        CertificateCase(
            "all three", pgs, ["-O", "verify-required", "-O", "force-command=x", "-O", "source-address=127.0.0.1"],
            isRefusedBySSHD: true),
        CertificateCase("no permits", pgs, ["-O", "clear"]),
        CertificateCase("one permit", pgs, ["-O", "clear", "-O", "permit-pty"]),
        CertificateCase("no-pty", pgs, ["-O", "no-pty"]),
        CertificateCase("no-port-forwarding", pgs, ["-O", "no-port-forwarding"]),
        CertificateCase("no-agent-forwarding", pgs, ["-O", "no-agent-forwarding"]),
        CertificateCase("no-x11-forwarding", pgs, ["-O", "no-x11-forwarding"]),
        CertificateCase("no-user-rc", pgs, ["-O", "no-user-rc"]),
        CertificateCase("no-touch-required", pgs, ["-O", "no-touch-required"], user: "user-sk-ed25519"),
        CertificateCase("an unknown extension", pgs, ["-O", "extension:login@example.com=alice"]),
        CertificateCase("a token of nobody's", pgs, ["-O", "extension:openpubkey-pkt=a:b:c"]),
        CertificateCase(
            "an unknown critical option", .refused("cert-critical-option"), ["-O", "critical:limit@example.com=1"]),
        CertificateCase(
            "a token as a critical option", .refused("cert-critical-option"), ["-O", "critical:openpubkey-pkt=a"]),
        CertificateCase(
            "an unknown critical flag", .refused("cert-critical-option"), ["-O", "critical:limit@example.com"]),
        CertificateCase("force-command as an extension", pgs, ["-O", "extension:force-command=/bin/true"]),
        CertificateCase(
            "a permit with data", .refused("cert-options"), ["-O", "clear", "-O", "extension:permit-pty=yes"]),
        CertificateCase("a host certificate", .refused("cert-host"), ["-h"]),
        CertificateCase("a host certificate for admin", .refused("cert-host"), ["-h", "-n", "admin"], login: "root"),
    ]

    private static let numbers = [
        CertificateCase("serial 0", pgs, ["-z", "0"]),
        CertificateCase("serial 1", pgs, ["-z", "1"]),
        CertificateCase("the highest serial", pgs, ["-z", "18446744073709551615"]),
        CertificateCase("a serial before those revoked", pgs, ["-z", "999"]),
        CertificateCase("the first serial revoked", .refused("revoked-cert"), ["-z", "1000"]),
        CertificateCase("the last serial revoked", .refused("revoked-cert"), ["-z", "1040"]),
        CertificateCase("a serial behind those revoked", pgs, ["-z", "1041"]),
        CertificateCase(
            "the highest serial but one, revoked", .refused("revoked-cert"), ["-z", "18446744073709551614"]),
        CertificateCase("a revoked serial of another CA", pgs, ["-z", "7"]),
        CertificateCase("a revoked serial of this CA", .refused("revoked-cert"), ["-z", "7"], ca: "capped"),
        CertificateCase("a revoked key id", .refused("revoked-cert"), ["-I", "mallory@laptop"]),
        CertificateCase("a revoked key id in other case", pgs, ["-I", "Mallory@laptop"]),
        CertificateCase("a key id of two lines", pgs, ["-I", "a\n{\"decision\":\"accept\"}"]),
        CertificateCase("a key id with quotes and escapes", pgs, ["-I", "\"\\\u{1B}[2K\" 'x' ü"]),
        CertificateCase("an empty key id", pgs, ["-I", ""]),
    ]

    private static let principals = [
        CertificateCase("the service among others", pgs, ["-n", "deploy,pgs,tuns,alice"]),
        CertificateCase("256 principals", pgs, ["-n", ((0..<255).map { "p\($0)" } + ["pgs"]).joined(separator: ",")]),
        CertificateCase("no principals", .refused("cert-principals"), ["none"]),
        CertificateCase("the service in capitals", .refused("service-not-granted"), ["-n", "PGS"]),
        CertificateCase("the service with one capital", .refused("service-not-granted"), ["-n", "pGs"]),
        CertificateCase("admin in capitals", .refused("service-not-granted"), ["-n", "Admin,ADMIN"]),
        CertificateCase("the service and a letter more", .refused("service-not-granted"), ["-n", "pgs2,pg"]),
        CertificateCase("another service", .refused("service-not-granted"), ["-n", "tuns"]),
        CertificateCase("the service for another's login", .refused("service-not-granted"), login: "tuns"),
        CertificateCase("the service for admin's login", .refused("service-not-granted"), login: "root"),
        CertificateCase(
            "a login of no service", .refused("service-not-granted"), ["-n", "alice,admin,pgs"], login: "alice"),
        CertificateCase("Keys' sentinel", .refused("service-not-granted"), ["-n", "opkssh-wildcard"]),
        CertificateCase("an asterisk", .refused("cert-principals"), ["-n", "*"]),
        CertificateCase("a question mark beside it", .refused("cert-principals"), ["-n", "pgs,pg?"]),
        CertificateCase("a blank beside it", .refused("cert-principals"), ["-n", "pgs,a b"]),
        CertificateCase("a quote beside it", .refused("cert-principals"), ["-n", "pgs,\",command=\"id"]),
        CertificateCase("a line feed beside it", .refused("cert-principals"), ["-n", "pgs,a\nb"]),
        CertificateCase("admin for a service", .accepted("admin"), ["-n", "admin"]),
        CertificateCase("admin for its own login", .accepted("admin"), ["-n", "admin"], login: "root"),
        CertificateCase("admin and the service", pgs, ["-n", "admin,pgs"]),
        CertificateCase("within the cap", pgs, ca: "capped"),
        CertificateCase(
            "within the cap, the other service", .accepted("tuns"), ["-n", "tuns"], ca: "capped", login: "tuns"),
        CertificateCase("admin beyond the cap", .refused("admin-not-granted"), ["-n", "admin"], ca: "capped"),
        CertificateCase(
            "admin beyond the cap, its own login", .refused("admin-not-granted"), ["-n", "admin"], ca: "capped",
            login: "root"),
        CertificateCase("admin beyond the cap, the service within", pgs, ["-n", "admin,pgs"], ca: "capped"),
        CertificateCase("a service beyond the cap", .refused("service-not-granted"), ca: "admins"),
        CertificateCase("a cap of admin alone", .accepted("admin"), ["-n", "pgs,admin"], ca: "admins"),
    ]

    private static let signers = [
        CertificateCase("a CA of nobody", .refused("ca-unknown"), ca: "nobody"),
        CertificateCase(
            "a CA of nobody, for admin", .refused("ca-unknown"), ["-n", "admin"], ca: "nobody", login: "root"),
        CertificateCase("a plain key as CA", .refused("ca-unknown"), ca: "laptop"),
        CertificateCase(
            "a plain key as CA, for admin", .refused("ca-unknown"), ["-n", "admin"], ca: "laptop", login: "root"),
        CertificateCase("a revoked CA", .refused("revoked-key"), ca: "revoked"),
        CertificateCase("a revoked key", .refused("revoked-key"), user: "stolen"),
        CertificateCase("a plain account key, certified", pgs, user: "laptop"),
        CertificateCase(
            "a CA that certified itself", .refused("token-missing"), ["-n", "opkssh-wildcard"], user: "ca-ed25519"),
        CertificateCase(
            "a plain key that certified itself", .refused("token-missing"), ["-n", "pgs,opkssh-wildcard"],
            user: "laptop",
            ca: "laptop"),
        CertificateCase(
            "a key that the CA certified signs on", .refused("ca-unknown"), user: "other", ca: "user-ed25519"),
    ]
}
