internal import Encodings
internal import Policy

/// The sshd of this machine, asked by running it.
public struct SSHD: Sendable {
    /// The program.
    public let program: String
    /// Its main file.
    public let configurationPath: String

    private let programs: any Programs

    /// Where the configuration is on every system that we know.
    public static let standardConfiguration = "/etc/ssh/sshd_config"

    /// The sshd whose main file is `configurationPath`.
    /// - Parameters:
    ///   - program: By its path, or its name alone.
    ///   - configurationPath: Its main file.
    ///   - programs: What runs it.
    public init(
        _ program: String = "sshd", configurationPath: String = SSHD.standardConfiguration, by programs: any Programs
    ) {
        self.program = program
        self.configurationPath = configurationPath
        self.programs = programs
    }

    /// Its version.
    ///
    /// An sshd without `-V` says it before its usage; one that says nothing of the kind has a client that does.
    /// - Returns: Never `nil`.
    /// - Throws: `.program`, `.versionUnknown`.
    public func version() throws(SSHDFault) -> SSHDVersion {
        let told = try run([program, "-V"])
        if let version = SSHDVersion(told: told.errorText + told.outputText) { return version }
        if let client = try? programs.run(["ssh", "-V"]),
            let version = SSHDVersion(told: client.errorText + client.outputText)
        {
            return version
        }
        throw .versionUnknown(said: told.lastWords)
    }

    /// Has it judge its configuration, as it would before it starts.
    /// - Throws: `.program`, `.refused`.
    public func check() throws(SSHDFault) {
        let result = try run([program, "-t", "-f", configurationPath])
        guard result.status == 0 else { throw .refused(configurationPath, said: result.lastWords) }
    }

    /// What is in force for a login.
    /// - Parameters:
    ///   - login: A local user, whom sshd looks up for `Match Group`.
    ///   - client: The address it comes from.
    /// - Returns: All settings.
    /// - Throws: `.program`, `.refused`, `.loginMalformed`.
    public func settings(for login: String, from client: String = "127.0.0.1") throws(SSHDFault) -> SSHDSettings {
        // A comma would begin another criterion.
        guard isLoginName(login.utf8), !login.utf8.contains(UInt8(ascii: ",")) else { throw .loginMalformed(login) }
        let criteria = "user=\(login),host=localhost,addr=\(client),laddr=127.0.0.1,lport=22"
        return try settings(["-C", criteria])
    }

    /// What is in force where no `Match` block holds.
    /// - Returns: All settings.
    /// - Throws: `.program`, `.refused`.
    public func settings() throws(SSHDFault) -> SSHDSettings { try settings([]) }

    private func settings(_ options: [String]) throws(SSHDFault) -> SSHDSettings {
        let result = try run([program, "-T", "-f", configurationPath] + options)
        guard result.status == 0 else { throw .refused(configurationPath, said: result.lastWords) }
        return SSHDSettings(parsing: result.outputText)
    }

    private func run(_ command: [String]) throws(SSHDFault) -> ProgramResult {
        do throws(ProgramFault) {
            return try programs.run(command)
        } catch {
            throw .program(error)
        }
    }
}

/// Why sshd gave no answer.
public enum SSHDFault: Error, Equatable, Sendable {
    case program(ProgramFault)
    /// It does not take its configuration.
    case refused(String, said: String)
    /// Neither it nor the client says which version it is.
    case versionUnknown(said: String)
    /// Not the name of a local user.
    case loginMalformed(String)
}

extension SSHDFault: CustomStringConvertible {
    /// What was expected, and what was found, without a full stop.
    public var description: String {
        switch self {
        case .program(let fault): fault.description
        case .refused(let path, let said): "sshd does not take \(path): \(said)"
        case .versionUnknown(let said): "sshd -V: a version of OpenSSH expected, found \(said)"
        case .loginMalformed(let login): "a login's name expected, found \(quoted(login))"
        }
    }

    /// What to do about it.
    public var advice: String? {
        switch self {
        case .program(.missing): "Install the OpenSSH server: `apt-get install openssh-server`."
        case .program: nil
        case .refused: "Mend what it says; `sshd -t` as root says it again."
        case .versionUnknown: "This works with OpenSSH's sshd alone."
        case .loginMalformed: "Give the name of a local user."
        }
    }
}
