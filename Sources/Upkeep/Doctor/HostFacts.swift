public import Administration
public import Discovery
public import Encodings
internal import HostFiles
public import Policy

/// What was found on a host: all that a diagnosis is made of, and nothing else goes into it.
public struct HostFacts: Sendable {
    /// The host's clock.
    public var now: UnixTime
    /// Whether root looked: others do not see all.
    public var isRoot: Bool
    /// The version of `pair` itself.
    public var ownVersion: String
    /// Where pair.toml is.
    public var configurationPath: String
    /// What it says, or why it cannot be used.
    public var configuration: Result<Configuration, ConfigurationFault>
    /// sshd and what it is told to do.
    public var sshd = SSHDFacts()
    /// The programs that sshd is told to run, and pair-authkeys where it is told none.
    public var programs: [ProgramFacts] = []
    /// The users that sshd is told to run them as, by name; `nil` where there is none of that name.
    public var commandUsers: [String: UserFacts?] = [:]
    /// pair.toml and what it leads to.
    public var files: [FileFacts] = []
    /// The policy that was applied; `nil` where pair.toml has no source of one, or was not looked at.
    public var policy: PolicyFacts?
    /// What `pair spaces check` finds.
    public var findings: [Finding] = []
    /// The logins that somebody is granted, and root.
    public var logins: [LoginFacts] = []
    /// How many more there are that were not looked at.
    public var loginsLeftOut = 0
    /// Whether a line of members gives logins by a template.
    public var grantsByTemplate = false
    /// The providers, in the order of pair.toml.
    public var providers: [ProviderFacts] = []
    /// What starts `pair host refresh`.
    public var schedule = ScheduleFacts()
    /// What follows the policy in etcd; `nil` where that cannot be told, as without systemd.
    public var watch: WatchFacts?
    /// The access log's file.
    public var log = LogFacts()
    /// SELinux and AppArmor.
    public var security = SecurityFacts()
    /// How pair-authkeys answers.
    public var answer: AnswerFacts?
    /// What the access log says of the last day.
    public var record = RecordFacts()
    /// Sessions of people who would not be let in today, or may not be.
    public var sessions: [SessionFacts] = []
    /// Why sessions could not be looked at; `nil` where they were.
    public var sessionsUnseen: String?
    /// How many sessions are open, theirs and others.
    public var sessionCount = 0

    /// Nothing but pair.toml was looked at.
    public init(
        now: UnixTime, isRoot: Bool, ownVersion: String, configurationPath: String,
        configuration: Result<Configuration, ConfigurationFault>
    ) {
        self.now = now
        self.isRoot = isRoot
        self.ownVersion = ownVersion
        self.configurationPath = configurationPath
        self.configuration = configuration
    }
}

/// sshd, and what it does for each login.
public struct SSHDFacts: Sendable {
    /// How far it could be asked.
    public enum State: Sendable, Equatable {
        /// It does not run, or does not take its configuration.
        case unusable(SSHDFault)
        /// Who looked may not ask it.
        case unseen(String)
        case asked
    }

    /// How far it could be asked.
    public var state = State.unseen("sshd was not asked")
    /// Its version; `nil` where it does not say.
    public var version: SSHDVersion?
    /// What holds for each login that was asked for, root among them.
    public var effective: [EffectiveSettings] = []
    /// Where it stands; `nil` where the files could not be read.
    public var configuration: SSHDConfiguration?

    /// Nothing known.
    public init() {}
}

/// What sshd says holds for a login.
public struct EffectiveSettings: Sendable, Equatable {
    /// The login.
    public let login: String
    /// What `sshd -T -C` prints for it.
    public let settings: SSHDSettings

    /// What holds for `login`.
    public init(login: String, settings: SSHDSettings) {
        self.login = login
        self.settings = settings
    }
}

/// A program that sshd is told to run.
public struct ProgramFacts: Sendable, Equatable {
    /// The way to it, links resolved as sshd does.
    public let path: PathFacts
    /// What it says to `--version`; `nil` where it says nothing.
    public let version: String?

    /// The program at `path`.
    public init(path: PathFacts, version: String?) {
        self.path = path
        self.version = version
    }
}

extension ProgramFacts {
    /// Whether nobody but root could have put it there: what else root must not run.
    public var isRootsAlone: Bool {
        path.target?.kind == .regular && path.defects(followingLinks: true).isEmpty
    }
}

/// A file that a decision rests on.
public struct FileFacts: Sendable, Equatable {
    /// The way to it.
    public let path: PathFacts
    /// Whether it must be there.
    public let isNeeded: Bool

    /// The file at `path`.
    public init(path: PathFacts, isNeeded: Bool) {
        self.path = path
        self.isNeeded = isNeeded
    }
}

/// A login, and what sshd makes of the user behind it.
public struct LoginFacts: Sendable, Equatable {
    /// What shadow(5) says of the password; `nil` where that could not be read.
    public struct Shadow: Sendable, Equatable {
        /// Whether the password begins with `!`.
        public let isLocked: Bool
        /// The last day of the account, counted from 1970; `nil` for none.
        public let expires: Int64?

        /// What a line of shadow says.
        public init(isLocked: Bool, expires: Int64?) {
            self.isLocked = isLocked
            self.expires = expires
        }

        /// What a line of shadow(5) says; `nil` where it is none.
        public init?(line: some StringProtocol) {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 9 else { return nil }
            self.init(isLocked: fields[1].utf8.first == UInt8(ascii: "!"), expires: Int64(fields[7]))
        }
    }

    /// The login.
    public let name: String
    /// Whether somebody is granted it, by members or as a service's; root is looked at in any case.
    public let isGranted: Bool
    /// The user, `nil` where there is none.
    public let user: UserFacts?
    /// Whether the shell is there and can be run.
    public let hasShell: Bool
    /// What shadow says; `nil` where that was not seen or says nothing of the user.
    public let shadow: Shadow?
    /// The files of AuthorizedKeysFile, with tokens filled in; none where that is `none`.
    public let keysFiles: [PathFacts]

    /// The login `name`.
    public init(
        name: String, isGranted: Bool, user: UserFacts?, hasShell: Bool, shadow: Shadow?, keysFiles: [PathFacts]
    ) {
        self.name = name
        self.isGranted = isGranted
        self.user = user
        self.hasShell = hasShell
        self.shadow = shadow
        self.keysFiles = keysFiles
    }
}

/// A provider, its key set, and what it answered.
public struct ProviderFacts: Sendable {
    /// As pair.toml has it.
    public let provider: Provider
    /// Its set in the cache.
    public let keySet: CachedKeySet.Condition
    /// When that was fetched; `nil` where there is none that can be read.
    public let fetchedAt: UnixTime?
    /// What the last refresh left behind.
    public let refresh: RefreshState?
    /// What it answered; `nil` where it was not asked.
    public let probe: ProviderProbe?

    /// What is known of `provider`.
    public init(
        provider: Provider, keySet: CachedKeySet.Condition, fetchedAt: UnixTime?, refresh: RefreshState?,
        probe: ProviderProbe?
    ) {
        self.provider = provider
        self.keySet = keySet
        self.fetchedAt = fetchedAt
        self.refresh = refresh
        self.probe = probe
    }
}

/// What a provider answered to two requests, for its discovery document and its keys.
public struct ProviderProbe: Sendable, Equatable {
    /// Why it gave no document or keys that can be used; `nil` where it did.
    public let failure: DiscoveryError?
    /// How far the provider's clock was ahead of ours; `nil` where it did not say.
    public let ahead: Seconds?
    /// How long the answers took.
    public let took: Duration

    /// What came of the requests.
    public init(failure: DiscoveryError?, ahead: Seconds?, took: Duration) {
        self.failure = failure
        self.ahead = ahead
        self.took = took
    }
}

/// What starts `pair host refresh`.
public struct ScheduleFacts: Sendable, Equatable {
    /// How a unit of systemd stands.
    public enum Unit: Sendable, Equatable {
        case missing
        case disabled
        /// It starts at boot, and has not been started.
        case enabled
        case active
    }

    /// Whether systemd runs this machine; where it does not, a unit that is enabled will be active at boot.
    public var isSystemdRunning = false
    /// `pair-refresh.timer`.
    public var timer = Unit.missing
    /// `pair-refresh.path`.
    public var path = Unit.missing
    /// Where cron is told to, as `file:line`.
    public var cron: [String] = []
    /// Whether one of cron's lines has `--if-wanted`.
    public var isCronWatching = false
    /// The file that pair-authkeys asks by.
    public var wanted: PathFacts?

    /// Nothing starts it.
    public init() {}
}

/// The access log's file, and what rotates it.
public struct LogFacts: Sendable, Equatable {
    /// The way to it; `nil` where there is none to be.
    public var path: PathFacts?
    /// How large it is.
    public var size: Int64 = 0
    /// How much room its file system has for those who are not root; `nil` where that is not known.
    public var free: Int64?
    /// Whether its file system is read-only.
    public var isReadOnly = false
    /// Names beside it that rotation has left and that are links.
    public var links: [String] = []
    /// What logrotate is told about it; `nil` where it is told nothing.
    public var rotation: RotationFacts?

    /// No log.
    public init() {}
}

/// A block of logrotate's configuration.
public struct RotationFacts: Sendable, Equatable {
    /// `file:line` of the block's first line.
    public let place: String
    /// Its directives, a line each.
    public let directives: [String]

    /// The block at `place`.
    public init(place: String, directives: [String]) {
        self.place = place
        self.directives = directives
    }
}

/// What keeps programs from what their user may do.
public struct SecurityFacts: Sendable, Equatable {
    /// Whether SELinux enforces; `nil` where it is off.
    public var isSELinuxEnforcing: Bool?
    /// The program's label there: `system_u:object_r:bin_t:s0`.
    public var label: String?
    /// Profiles of AppArmor that are sshd's or the program's and enforced.
    public var profiles: [String] = []
    /// Whether what is said locally about sshd's profile names the program.
    public var isProgramAllowed = false

    /// Neither is on.
    public init() {}
}

/// How pair-authkeys answers to a key that nobody has.
public struct AnswerFacts: Sendable, Equatable {
    /// What it was run as; `nil` where it was run as whoever looked.
    public let user: String?
    /// Its `reason`; `nil` where it gave none.
    public let reason: String?
    /// What it said of that, or why it did not end.
    public let detail: String
    /// How long it took.
    public let took: Duration

    /// What it answered.
    public init(user: String?, reason: String?, detail: String, took: Duration) {
        self.user = user
        self.reason = reason
        self.detail = detail
        self.took = took
    }
}

/// What the access log says of the last day.
public struct RecordFacts: Sendable, Equatable {
    /// A code, and how often it was the answer.
    public struct Tally: Sendable, Equatable {
        /// The code.
        public let reason: String
        /// How often.
        public let count: Int

        /// So many of `reason`.
        public init(_ reason: String, _ count: Int) {
            self.reason = reason
            self.count = count
        }
    }

    /// How many were accepted.
    public var accepted = 0
    /// Why others were refused, the most often first.
    public var refused: [Tally] = []
    /// Faults of the host, the most often first.
    public var faults: [Tally] = []
    /// Why it could not be read; `nil` where it was.
    public var unseen: String?

    /// Nothing happened.
    public init() {}
}

/// An open session, and the person behind it as the access log tells.
public struct SessionFacts: Sendable, Equatable {
    /// The process.
    public let process: Int32
    /// The login.
    public let login: String
    /// When it began.
    public let began: UnixTime
    /// Whom the access log has for it; several where it cannot tell which.
    public let people: [Person]

    /// Somebody who was accepted as that login shortly before.
    public struct Person: Sendable, Equatable {
        /// As people know them; quoted where it is not a plain word.
        public let name: String
        /// How they stand today.
        public let standing: Standing

        /// The person called `name`.
        public init(name: String, standing: Standing) {
            self.name = name
            self.standing = standing
        }
    }

    /// The session of process `process`.
    public init(process: Int32, login: String, began: UnixTime, people: [Person]) {
        self.process = process
        self.login = login
        self.began = began
        self.people = people
    }
}
