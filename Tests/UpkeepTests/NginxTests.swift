import Encodings
import Fleet
import Foundation
import HTTP
import Policy
import Testing

@testable import Upkeep

/// nginx as the store of a policy: what is PUT there is served, and whoever has its disk may serve anything.
@Suite("a policy served by nginx", .server, .withNginx) struct NginxTests {
    private static let program = "/usr/sbin/nginx"

    /// Runs `body` with nginx at a port of its own, which serves and takes files of a folder.
    private func withNginx(
        _ body: (_ origin: String, _ folder: URL, _ log: () throws -> String) async throws -> Void
    ) async throws {
        let server = try Server.current
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pair-nginx-\(UUID())")
        let files = folder.appendingPathComponent("www")
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let free = try await Program.run([
            "python3", "-c", "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1])",
        ])
        let port = free.output.trimmingCharacters(in: .newlines)
        let certificates = URL(fileURLWithPath: server.ca).deletingLastPathComponent().path
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
            "\($0)_temp_path \(folder.path)/\($0);"
        }
        let configuration = """
            daemon off; master_process off; pid \(folder.path)/pid; error_log \(folder.path)/error.log;
            events {}
            http {
                access_log \(folder.path)/access.log;
                \(temporary.joined(separator: " "))
                server {
                    listen 127.0.0.1:\(port) ssl;
                    ssl_certificate \(certificates)/server.pem;
                    ssl_certificate_key \(certificates)/server.key;
                    root \(files.path);
                    dav_methods PUT;
                    client_max_body_size 300m;
                }
            }

            """
        let file = folder.appendingPathComponent("nginx.conf")
        try Data(configuration.utf8).write(to: file)
        let nginx = try Program([Self.program, "-e", "\(folder.path)/error.log", "-c", file.path])
        let origin = "https://localhost:\(port)"
        let address = try WebAddress(Text(origin + "/"))
        var isThere = false
        for _ in 0..<500 where !isThere {
            isThere = (try? await server.client().send(.get(address))) != nil
            if !isThere { try await ContinuousClock().sleep(for: .milliseconds(10)) }
        }
        do {
            try #require(isThere)
            try await body(origin, files) {
                try String(contentsOf: folder.appendingPathComponent("access.log"), encoding: .utf8)
            }
        } catch {
            nginx.kill()
            _ = try? await nginx.run
            throw error
        }
        nginx.kill()
        _ = try await nginx.run
    }

    @Test("published by PUT, it is applied, asked for by its ETag, and stays where what is served is not fit")
    func served() async throws {
        try await withNginx { origin, files, log in
            var host = try PolicyHost(url: "\(origin)/policy.signed")
            host.now = UnixTime(seconds: Int64(Date().timeIntervalSince1970))
            let place = files.appendingPathComponent("policy.signed")
            func publish(_ policy: [UInt8], _ flags: String...) async throws -> Run {
                let file = "\(host.host.folder)/policy.signed"
                try Data(policy).write(to: URL(fileURLWithPath: file))
                return try await Program.run(
                    [Program.built("pair"), "fleet", "publish", file, "--to", "\(origin)/policy.signed"] + flags,
                    environment: ["SSL_CERT_FILE": host.host.server.ca])
            }
            #expect(try await host.host.run().status == 2)
            let first = try host.policy(7)
            let published = try await publish(first)
            #expect(published.status == 0, "\(published)")
            // nginx makes its ETag of size and time, which is known by the second.
            func setTime(_ date: Date) throws {
                try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: place.path)
            }
            try setTime(Date(timeIntervalSinceNow: -60))
            #expect(try await host.host.run().status == 0)
            #expect(host.applied == first)
            #expect(try await host.host.run().status == 0)
            #expect(try log().split(separator: "\n").last?.contains("\" 304 ") == true)
            #expect(try await publish(try host.policy(6)).status == 1)

            let next = try host.policy(8, members: "")
            let text = try SignedPolicy(parsing: next).text
            let swapped = SignedPolicy(text: text, signature: try SignedPolicy(parsing: first).signature).published
            for (what, file, reason) in [
                ("truncated", Array(next.prefix(100)), "an SSH signature expected at its end"),
                ("old", try host.policy(6), "serial 7 or higher expected, 6 found"),
                ("swapped", swapped, "signature: does not match"),
                ("badly signed", try Signer().signed(try host.bundle(8)).published, "none of the allowed"),
            ] {
                try Data(file).write(to: place)
                let run = try await host.host.run("--quiet")
                #expect(run.status == 1 && run.error.contains(reason), "\(what): \(run)")
                #expect(host.applied == first, "\(what)")
            }
            // It bears the serial of the next one, and yet does not count.
            #expect(try await publish(next).status == 1)
            #expect(try await publish(next, "--allowed-signers", "\(host.host.folder)/allowed_signers").status == 0)
            let time = Date(timeIntervalSinceNow: 60)
            try setTime(time)
            #expect(try await host.host.run().status == 0)
            #expect(host.applied == next)
            // As long, and within the same second: it has the same ETag, and is another policy.
            let last = try host.policy(9, members: "")
            try #require(last.count == next.count)
            try Data(last).write(to: place)
            try setTime(time)
            #expect(try await host.host.run().status == 0)
            #expect(host.applied == last)
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Leaves a suite out where there is no nginx.
    static var withNginx: Self {
        let isThere = FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx")
        if !isThere { print("the test with nginx is skipped: scripts/install-deps fleet") }
        return .enabled(if: isThere, "needs nginx")
    }
}
