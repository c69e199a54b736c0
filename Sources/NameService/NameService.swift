internal import CNameService
public import Encodings
public import Policy

/// The host's directory of groups, as NSS has it: files, SSSD, LDAP, whatever nsswitch.conf names.
///
/// It is asked by a process of its own, which is started before this one is confined, and which sees nothing of a key: the
/// login, and the names of groups that are asked for.
/// Source: nsswitch.conf(5), getgrouplist(3).
public final class NameService: Sendable {
    private let connection: Int32
    private let process: Int32

    /// Starts the process, which looks nothing up yet; `nil` where none can be had.
    ///
    /// Not for a program of several threads.
    /// - Parameters:
    ///   - login: Whose groups are asked for.
    ///   - seconds: After how many seconds from now there is no answer any more.
    public init?(for login: Text, within seconds: Int32) {
        var connection: Int32 = -1
        var process: Int32 = -1
        guard unsafe cnameservice_start(login.string, seconds, &connection, &process) == 0 else { return nil }
        self.connection = connection
        self.process = process
    }

    deinit { cnameservice_stop(connection, process) }

    /// Whether the login is in `group`; a name that no group can have has none.
    /// - Returns: `nil` where the directory failed, or did not answer in time.
    public func answer(for group: Text) -> GroupAnswer? {
        var name = group.string
        let answer = name.withUTF8 { bytes in unsafe cnameservice_ask(connection, bytes.baseAddress, bytes.count) }
        return switch answer {
        case CNAMESERVICE_MEMBER: .member
        case CNAMESERVICE_NO_MEMBER: .notMember
        case CNAMESERVICE_NO_GROUP: .noSuchGroup
        case CNAMESERVICE_NO_LOGIN: .noSuchLogin
        default: nil
        }
    }
}
