internal import Encodings
internal import HostFiles
internal import Policy

extension SetupError: CustomStringConvertible {
    /// Where, what was expected and what was found, without a full stop.
    public var description: String {
        switch self {
        case .journal(let path): "\(shown(path)): the notes of an earlier set-up expected, found something else"
        case .file(let fault): fault.description
        case .lock(let fault): fault.description
        case .program(let fault): fault.description
        case .command(let command, let status, let said):
            "`\(command.map(shellWord).joined(separator: " "))` ended with status \(status): \(said)"
        case .helperMissing(let paths): "pair-authkeys: expected at \(paths.map(shown).joined(separator: " or "))"
        case .helper(let path, let why): "\(shown(path)): cannot be run by sshd: \(why)"
        case .helperFault(let detail): "pair-authkeys finds a fault: \(detail)"
        case .tooOld(let version, let needed, let keyword):
            "sshd \(version): \(keyword) needs \(needed) or newer"
        case .notIncluded(let path, let folder): "\(shown(path)): includes no folder such as \(shown(folder))"
        case .noName(let path): "\(shown(path)): comes before every name that the drop-in may have, and sets the same"
        case .displaced(let login, let keyword, let value, let place):
            "\(place ?? "sshd"): for \(login), \(keyword) is \(quoted(value)) in spite of the drop-in"
        case .keysOff(let login, let place): "\(place ?? "sshd"): for \(login), PubkeyAuthentication is no"
        case .expiryTime(let style, let version, let file):
            "\(shown(file)): [line] expiry_time is \"\(style.rawValue)\", which sshd \(version) does not know"
        case .issuer(let issuer, let why): "issuer \(quoted(issuer)): \(why)"
        case .loginMissing(let login): "login \(quoted(login)): this machine has no such user"
        case .loginsMissing: "whose logins are meant is not said"
        case .otherSpace(let space, let asked, let file):
            "\(shown(file)): it is for the Space \(quoted(space)), and \(quoted(asked)) was asked for"
        case .otherProvider(let name, let file):
            "\(shown(file)): its provider \(quoted(name)) has another issuer or client id"
        case .fleetDecides(let file): "\(shown(file)): who may enter is said by the policy of [policy_source], not here"
        case .policy(let error): error.description
        case .trial(let fault): "trial login: \(fault)"
        case .interrupted: "stopped from outside"
        case .notUndone(let why, let rest):
            "\(why); and this could not be undone: \(rest.joined(separator: "; "))"
        case .changed(let path): "\(shown(path)): changed while set-up was at work"
        case .nothingMade: "nothing of pair's set-up is on this host"
        case .injected(let point): "failed on purpose: \(point)"
        }
    }

    /// What to do about it, in a sentence or two; `nil` where there is nothing.
    public var advice: String? {
        switch self {
        case .journal(let path): "Read it, undo by hand what it names, and delete \(shown(path))."
        case .file(let fault), .lock(.file(let fault)): "Do this: \(fault.mend)."
        case .lock(.held): "Another set-up is at work; wait for it."
        case .program(.missing(let name)): "Install \(name), and try again."
        case .program, .command, .interrupted, .injected, .changed: "Nothing was changed. Try again."
        case .helperMissing: "Install it there, or say with --program where it is."
        case .helper:
            "It must be root's and writable by root alone, and so must every folder above it: `namei -l` shows them."
        case .helperFault: "Nothing was changed. Mend it, and try again; `pair spaces check` looks the files over."
        case .tooOld: "Nothing was changed. docs/hosts.md has the lines to put into the main file by hand."
        case .notIncluded(let path, let folder):
            "Put `Include \(folder)/*.conf` into its first line: \(shown(path)) is yours, and is never edited by pair. Then "
                + "make the folder (`install -d \(folder)`) and try again."
        case .noName(let path): "Rename \(shown(path)) so that it sorts behind 00-pair.conf."
        case .displaced(_, _, _, let place):
            "Nothing was changed. There is one such setting for each login, and the first one counts: take it out of "
                + "\(place ?? "where it stands"), or leave this login out with --for."
        case .keysOff(_, let place): "Nothing was changed. Take it out of \(place ?? "where it stands")."
        case .expiryTime(_, let version, _): "Set it to \"\(version.expiryTime.rawValue)\" there, and try again."
        case .issuer: "Give it as `issuer` stands in the provider's discovery document."
        case .loginMissing(let login):
            "Make it (`useradd --create-home --shell /bin/bash --password '*' \(login)`), or name another."
        case .loginsMissing: "Name the login of a member (--member, --login), or say --for LOGIN or --all."
        case .otherSpace: "Leave out --space, or change it in the file yourself; members has the name too."
        case .otherProvider: "Give the new one another name (--provider), or change it in the file yourself."
        case .fleetDecides:
            "Leave out --member; add who is to enter where the policy is built (pair fleet build), and publish it."
        case .policy: "Correct it there; `pair spaces check` lists everything."
        case .trial(let fault): fault.advice
        case .notUndone: "Undo that by hand, then try again."
        case .nothingMade: "There is nothing to remove."
        }
    }
}

extension TrialFault: CustomStringConvertible {
    /// What was expected, and what was found.
    public var description: String {
        switch self {
        case .notStarted(let why): "the throw-away sshd did not start: \(why)"
        case .grantedRefused(let login, let why): "a granted login as \(login) was refused: \(why)"
        case .ownKeyAccepted(let login): "a key in \(login)'s own authorized_keys was let in"
        case .copyDiffers(let keywords):
            "what is in force differs from what was tried, in \(keywords.joined(separator: ", "))"
        }
    }

    var advice: String {
        switch self {
        case .notStarted: "Nothing was changed. See that sshd runs here at all, then try again."
        case .grantedRefused(let login, _):
            "Nothing was changed. Mend what it says: AllowUsers and DenyUsers, the login's shell, a lock on it (`usermod -p "
                + "'*' \(login)`). Where nobody may log in over loopback, --no-trial leaves this out."
        case .ownKeyAccepted: "Nothing was changed. Another setting of sshd lets it in: see `sshd -T`."
        case .copyDiffers: "Nothing was changed. Somebody else was at sshd's configuration; try again."
        }
    }
}
