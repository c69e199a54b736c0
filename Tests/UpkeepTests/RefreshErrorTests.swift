import Discovery
import Encodings
import Glibc
import HTTP
import HostFiles
import IdentityToken
import Policy
import Testing

@testable import Upkeep

/// What people are told.
@Suite("RefreshError") struct RefreshErrorTests {
    struct Told: Sendable {
        let error: RefreshError
        let description: String
        let advice: String
    }

    static let told: [Told] = {
        guard let address = try? WebAddress("https://idp.example/keys?x=1") else { return [] }
        return [
            Told(
                error: .discovery(.status(503, of: .keySet, at: address, said: "busy")),
                description: "https://idp.example/keys: a key set expected, status 503 found: \"busy\"",
                advice: "Try again later: the server at idp.example is in trouble."),
            Told(
                error: .keySet(.keySet(.tooLarge), at: address),
                description: "https://idp.example/keys: key set: more than 262144 bytes",
                advice: "Tell whoever runs idp.example that its key set cannot be used."),
            Told(
                error: .noKey(for: [.rs256, .eddsa], at: address),
                description: "https://idp.example/keys: a key for RS256, EdDSA expected, only others found",
                advice: "Compare `algorithms` in pair.toml with what idp.example signs with."),
            Told(
                error: .file(.system("/c/idp.json", call: "write", errno: ENOSPC)),
                description: "/c/idp.json: write: No space left on device",
                advice: "Make room on the file system of /c/idp.json."),
            Told(
                error: .file(.system("/c/idp.json", call: "open", errno: EROFS)),
                description: "/c/idp.json: open: Read-only file system",
                advice:
                    "Have /c/idp.json on a file system that can be written; where this runs under systemd, name its "
                    + "folder in ReadWritePaths= of pair-refresh.service."),
            Told(
                error: .file(.system("/c", call: "open", errno: EACCES)),
                description: "/c: open: Permission denied", advice: "Run it as root, who alone may write /c."),
            Told(
                error: .file(.notDirectory("/c", .regular)),
                description: "/c: a directory expected, a regular file found",
                advice: "To mend it: put a real directory at /c, or name the path without links."),
            Told(
                error: .locked("/c/.refresh/idp.lock"),
                description: "/c/.refresh/idp.lock: another refresh has been at it for a minute",
                advice: "See by `fuser /c/.refresh/idp.lock` which process that is, and whether it should go on."),
            Told(
                error: .notAccepted("/c/idp.json", .outOfDate(.keySetStale(Seconds(90_000)))),
                description: "/c/idp.json: written, and yet the key set is 1 d 1 h old",
                advice: "Set this host's clock, and see that nothing else writes there."),
            Told(
                error: .notAccepted("/c/idp.json", .unreadable(.writableByOthers("/c", mode: 0o777))),
                description: "/c/idp.json: written, and yet /c: writable by group or others (mode 777)",
                advice: "To mend it: chmod go-w /c."),
        ]
    }()

    @Test("each failure says where, what and what to do")
    func tells() {
        #expect(Self.told.count == 10)
        for row in Self.told {
            #expect(row.error.description == row.description)
            #expect(row.error.advice == row.advice)
        }
    }

    static let conditions: [(CachedKeySet.Condition, String)] = [
        (.counts(until: .never), ""), (.missing, "there is no key set"),
        (.malformed(.keySet(.noKeys)), "the cached key set cannot be used: key set: no keys in it"),
        (.useless, "no key of the cached set fits the provider's algorithms"),
    ]

    @Test("each condition of a set says what was found", arguments: conditions)
    func tellsConditions(condition: CachedKeySet.Condition, description: String) {
        #expect(condition.description == description)
    }
}
