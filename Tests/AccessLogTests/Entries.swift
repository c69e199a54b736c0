import AccessLog
import Encodings

/// 2026-11-22T12:00:00Z.
let noon = UnixTime(seconds: 1_795_348_800)

/// An entry `seconds` after noon.
func entry(
    _ seconds: Int64 = 0, _ decision: String = "accept", _ reason: String = "accepted", _ others: (String, String)...
) throws -> AccessEntry {
    var members = JSON.Object()
    members.add("time", (noon + Seconds(seconds)).rfc3339)
    members.add("decision", decision)
    members.add("reason", reason)
    for (name, value) in others { members.add(Text(name), value) }
    return try AccessEntry(line: JSON.object(members).encoded)
}
