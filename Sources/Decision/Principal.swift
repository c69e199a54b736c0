internal import Policy

/// A name that a certificate may have in its list of principals: nothing in it can end a quote or stand for another.
struct Principal: Equatable, Sendable {
    let name: String

    /// What stands in Keys for "no name counts": from OpenSSH 10.3 an empty list never matches.
    ///
    /// Source: opkssh; docs/token.md "Certificate".
    static let sentinel = "opkssh-wildcard"

    /// What reaches everything.
    static let admin = Principal(fitting: Service.admin)

    /// What reaches `service`: its name, in which only letters stand that a principal may have.
    init(of service: Service) { self.init(fitting: service.name) }

    private init(fitting name: String) { self.name = name }

    /// `[A-Za-z0-9_][A-Za-z0-9._+@-]{0,127}\$?`, `nil` for anything else.
    init?(_ bytes: some Collection<UInt8>) {
        var stem = Array(bytes)[...]
        if stem.count > 1, stem.last == UInt8(ascii: "$") { stem.removeLast() }
        guard (1...128).contains(stem.count) else { return nil }
        for (index, byte) in stem.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                continue
            case UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "-"):
                guard index > 0 else { return nil }
            default: return nil
            }
        }
        name = String(decoding: bytes, as: UTF8.self)
    }
}
