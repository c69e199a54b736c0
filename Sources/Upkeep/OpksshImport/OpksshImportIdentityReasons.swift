public import Encodings

extension OpksshReason {
    /// About a line that means people by their e-mail.
    public enum Email: Equatable, Sendable {
        case mustBeVerified
        case atEntra
        case withoutCase
        case beyondASCII
        case domainAtGoogle
        case suffixNotDomain(Text)
        case starIsLetter

        var facts: Facts {
            switch self {
            case .mustBeVerified:
                Facts(
                    code: "email-verified", outcome: .stricter,
                    why:
                        "an e-mail counts only where the token has email_verified: true, for which opkssh does not ask",
                    advice: "Where the provider sends none, grant by sub:, group: or claim:. Where its sub is the "
                        + "e-mail, which opkssh takes as well, write sub:E-MAIL.")
            case .atEntra:
                Facts(
                    code: "email-at-entra", outcome: .stricter,
                    why: "Microsoft Entra sends no email_verified, so that this line lets nobody in",
                    advice: "Grant by group:, sub: or claim:oid= instead; `pair keys inspect` shows what a token has.")
            case .withoutCase:
                Facts(
                    code: "email-without-case", outcome: .looser,
                    why: "small and capital letters count alike in an e-mail; opkssh's oidc:email: tells them apart")
            case .beyondASCII:
                Facts(
                    code: "email-beyond-ascii", outcome: .stricter,
                    why: "of letters beyond ASCII small and capital ones count as different in an e-mail; to opkssh "
                        + "they are alike",
                    advice: "Write it as the provider's tokens have it; `pair keys inspect` shows one.")
            case .domainAtGoogle:
                Facts(
                    code: "domain-at-google", outcome: .stricter,
                    why: "at Google a domain also wants the claim hd, which only the domain's own accounts have")
            case .suffixNotDomain(let suffix):
                Facts(
                    code: "suffix-not-domain", outcome: .missing,
                    why: "an e-mail's end can be a whole domain only; \(quoted(suffix)) also ends others",
                    advice: "Write a line *@DOMAIN for each domain that you mean.")
            case .starIsLetter:
                Facts(
                    code: "star-is-letter", outcome: .void,
                    why: "a star is a letter like others to opkssh, and no address has it",
                    advice: "Should a whole domain be meant: *@DOMAIN.")
            }
        }
    }

    /// About a line that means people by their `sub` or another claim.
    public enum Claim: Equatable, Sendable {
        case meansNobody
        case otherMatchEnd
        case jobs
        case valueNotText(Text)
        case lastColon(value: Text)
        case quotesCount(value: Text)
        case nameWithEqualsSign(Text)

        var facts: Facts {
            switch self {
            case .meansNobody:
                Facts(
                    code: "means-nobody", outcome: .void,
                    why: "opkssh lets nobody in by an identity that names no claim or no value")
            case .otherMatchEnd:
                Facts(
                    code: "match-end-unknown", outcome: .void,
                    why: "opkssh knows oidc-match-end: for email alone, and takes anything else for an e-mail or sub "
                        + "of this very text")
            case .jobs:
                Facts(
                    code: "identity-of-jobs", outcome: .missing,
                    why:
                        "the sub of a CI job; tokens of jobs cannot be verified here, and a sub with * cannot be meant",
                    advice: "Let the jobs in by certificates of a CA of your own, or leave them to opkssh.")
            case .valueNotText(let value):
                Facts(
                    code: "claim-not-text", outcome: .stricter,
                    why: "claims are compared as texts: a claim that is the JSON value \(value.string), or an array "
                        + "with such a value in it, counts as absent",
                    advice: "Have the provider send it as a text, or as a group.")
            case .lastColon(let value):
                Facts(
                    code: "last-colon", outcome: .note,
                    why: "opkssh compares only what stands behind the last colon, \(quoted(value)), and so it is taken",
                    advice: "Check that this is what was meant.")
            case .quotesCount(let value):
                Facts(
                    code: "quotes-count", outcome: .note,
                    why: "opkssh takes the quotes of a value for a part of it: \(quoted(value))",
                    advice: "Check that this is what was meant.")
            case .nameWithEqualsSign(let name):
                Facts(
                    code: "claim-name", outcome: .missing,
                    why: "a claim whose name has an = cannot be asked about: \(quoted(name))",
                    advice: "Have the provider send it under another name as well.")
            }
        }
    }
}
