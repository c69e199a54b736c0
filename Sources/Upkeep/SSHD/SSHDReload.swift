internal import Encodings
internal import Foundation

/// How the running sshd is told to read its configuration anew; sessions go on.
enum SSHDReload: Equatable {
    /// By systemd, the unit that is active.
    case unit(String)
    /// By a signal, the process of its pid file.
    case signal(pid_t)
    /// Nothing is to be told; why.
    case unneeded(String)

    /// What there is on this host, whose sshd notes its own process in `pidFile`.
    /// - Throws: `.program`.
    init(places: HostPlaces, pidFile: Text?, by programs: any Programs) throws(SetupError) {
        do throws(ProgramFault) {
            if FileManager.default.fileExists(atPath: places.systemd) {
                for unit in ["ssh.service", "sshd.service"]
                where try programs.run(["systemctl", "is-active", unit]).status == 0 {
                    self = .unit(unit)
                    return
                }
                for unit in ["ssh.socket", "sshd.socket"]
                where try programs.run(["systemctl", "is-active", unit]).status == 0 {
                    self = .unneeded("\(unit) starts an sshd for each connection, which reads the new configuration")
                    return
                }
            }
        } catch {
            throw .program(error)
        }
        guard let pidFile, let pid = Self.process(in: pidFile.string) else {
            self = .unneeded("no sshd runs here; it reads the new configuration once it starts")
            return
        }
        guard Self.reads(places.sshdConfiguration, pid) else {
            self = .unneeded("the sshd that runs here (process \(pid)) reads another configuration: tell it yourself")
            return
        }
        self = .signal(pid)
    }

    /// The process that a pid file names, if it is an sshd.
    private static func process(in file: String) -> pid_t? {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 1,
            let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
        else { return nil }
        // Replaced by an upgrade while it runs.
        return program.split(separator: " ").first?.hasSuffix("/sshd") == true ? pid : nil
    }

    /// Whether it was started without `-f`, or with that file.
    private static func reads(_ configuration: String, _ pid: pid_t) -> Bool {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
        // Once it runs, sshd shows its own title: "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups".
        let text = String(decoding: data, as: UTF8.self)
        let words = text.split { $0 == "\0" || $0 == " " }.map(String.init)
        guard let flag = words.firstIndex(of: "-f") else { return configuration == SSHD.standardConfiguration }
        return flag + 1 < words.count && words[flag + 1] == configuration
    }

    /// As a command, `nil` where there is nothing to do.
    var command: [String]? {
        switch self {
        case .unit(let unit): ["systemctl", "reload", unit]
        case .signal(let pid): ["kill", "-HUP", "\(pid)"]
        case .unneeded: nil
        }
    }

    /// Tells it, and sees that it is still there.
    func carryOut(by programs: any Programs) throws {
        switch self {
        case .unneeded: return
        case .unit(let unit):
            let command = ["systemctl", "reload", unit]
            let result = try programs.run(command)
            guard result.status == 0 else {
                throw SetupError.command(command, status: result.status, said: result.lastWords)
            }
        case .signal(let pid):
            let command = ["kill", "-HUP", "\(pid)"]
            guard kill(pid, SIGHUP) == 0 else {
                throw SetupError.command(command, status: 1, said: "the process is gone")
            }
            // It begins anew in the same process, and is gone at once where it cannot.
            for _ in 0..<10 {
                Thread.sleep(forTimeInterval: 0.03)
                guard kill(pid, 0) == 0 else {
                    throw SetupError.command(command, status: 1, said: "nothing: sshd has ended")
                }
            }
        }
    }
}
