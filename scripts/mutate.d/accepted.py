"""Mutants that no test can notice, each with the reason: the code does the same with them."""

ACCEPTED = {
    "IdentityToken/Assembling.swift: salt.count == ClientClaims.saltCount: is true":
        "the header's own reader, which follows, refuses any other length by the same error",
}
