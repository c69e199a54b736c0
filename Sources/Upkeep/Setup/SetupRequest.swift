public import Encodings

/// What an admin asks set-up for; what is left out stays as it is on the host, or is the default.
public struct SetupRequest: Sendable {
    /// A provider that pair.toml is to have.
    public struct WantedProvider: Sendable, Equatable {
        /// `nil` for one made from the issuer's host.
        public let name: String?
        /// As its discovery document has it.
        public let issuer: Text
        /// The public client there.
        public let clientID: Text

        /// The provider with that client of ours.
        public init(name: String?, issuer: Text, clientID: Text) {
            self.name = name
            self.issuer = issuer
            self.clientID = clientID
        }
    }

    /// The name under which the machine is entered.
    public var space: String?
    /// A provider that is to be there.
    public var provider: WantedProvider?
    /// Who is to enter, as IDENTITY of a line of members has it.
    public var member: Text?
    /// As whom; the trial login is the first one's.
    public var logins: [String] = []
    /// Whose logins go by `pair-authkeys`.
    public var scope: DropIn.Scope?
    /// What counts besides.
    public var keyFiles: KeyFiles?
    /// `pair-authkeys`, absolute and without a link in it.
    public var program: String
    /// `pair`, for cron.
    public var pairProgram: String

    /// What counts besides.
    public enum KeyFiles: Sendable { case none, kept, breakGlass }

    /// Nothing is asked for, but by these programs.
    public init(program: String, pairProgram: String) {
        self.program = program
        self.pairProgram = pairProgram
    }

    /// The name that a provider has where none is said: a word of its issuer's host.
    ///
    /// `google` for accounts.google.com; `idp` for idp.example.com; the address for an address.
    public static func providerName(forHost host: String) -> String {
        let known = ["google.com": "google", "microsoftonline.com": "microsoft", "gitlab.com": "gitlab"]
        for (domain, name) in known where host == domain || host.hasSuffix(".\(domain)") { return name }
        let isAddress = host.utf8.allSatisfy { "0123456789.:[]".utf8.contains($0) }
        return isAddress || host == "localhost" ? "local" : String(host.prefix { $0 != "." })
    }
}
