import Administration
import Encodings
import Policy

/// A pair.toml with two providers, two services and `admin`.
let baseTOML = """
    space = "build-box"

    [[provider]]
    name = "google"
    issuer = "https://accounts.google.com"
    client_ids = ["1234.apps.googleusercontent.com"]

    [[provider]]
    name = "okta"
    issuer = "https://example.okta.com"
    client_ids = ["pair"]

    [[service]]
    name = "pgs"
    logins = ["pgs"]

    [[service]]
    name = "tuns"
    logins = ["tunnel"]

    [[service]]
    name = "admin"
    logins = ["root", "ops"]

    """

/// 2026-11-22T12:00:00Z.
let noon = UnixTime(seconds: 1_795_348_800)

func configuration(_ toml: String = baseTOML) throws(PolicyError) -> Configuration {
    try Configuration(parsing: Array(toml.utf8), file: "pair.toml")
}

/// The members of build-box.
func members(_ text: String, space: String = "build-box") throws -> MembersFile {
    try MembersFile(Array(text.utf8), path: "members", under: configuration(), space: space)
}

extension LineEdit {
    /// The file as it is to be.
    var text: String { String(decoding: file.bytes, as: UTF8.self) }
}

/// The users that there are in tests.
struct Users: UserDirectory {
    var uids: [String: UInt32] = [
        "root": 0, "daemon": 1, "www": 33, "git": 998, "alice": 1001, "bob": 1002, "ops": 1003, "pgs": 1100,
        "tunnel": 201, "nobody": 65_534,
    ]
    var isBroken = false

    func uids(of names: [String]) throws(UserLookupError) -> [String: UInt32] {
        if isBroken { throw UserLookupError("out of order") }
        return uids.filter { names.contains($0.key) }
    }

    func names(withUIDs range: Range<UInt32>) throws(UserLookupError) -> [String] {
        uids.filter { range.contains($0.value) }.sorted { $0.value < $1.value }.map(\.key)
    }
}
