"""Mutants that no test can notice, each with the reason: the code does the same with them."""

ACCEPTED = {
    "IdentityToken/Assembling.swift: salt.count == ClientClaims.saltCount: is true":
        "the header's own reader, which follows, refuses any other length by the same error",
    "Decision/Decision.swift: guard request.key.count <= (Self.maximumBlob + 2) / 3 * 4 else {: 2 is 2 + 1":
        "65,538 and 65,539 have the same third",
    "Decision/Facts.swift: return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0): 0 is 0 + 1":
        "every check is among all of them, so that neither 0 is ever taken",
    "Decision/Facts.swift: return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0): 0 is 0 + 1 (2)":
        "the same",
    "Decision/Principal.swift: if stem.count > 1, stem.last == UInt8(ascii: \"$\") { stem.removeLast() }: > is >=":
        "a lone $ is refused as an empty name, as it is as a letter that no name has",
    "Decision/Principal.swift: if stem.count > 1, stem.last == UInt8(ascii: \"$\") { stem.removeLast() }: 1 is 1 - 1":
        "the same",
    "Decision/Principal.swift: stem.count > 1: is true":
        "the same; and nothing has no last letter",
    "Decision/Trace.swift: isKept: is true":
        "`finished` hands out none all the same; the details are made in vain",
}
