import Encodings
import Foundation
import HostFiles
import KeyStore
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

@Suite("An ssh-agent asked")
struct AgentTests {
    let scratch: Scratch
    let socket: String

    init() throws {
        scratch = try Scratch()
        socket = scratch.path("agent")
    }

    /// A program of ours, started; it says a line once it listens, and is killed with the value.
    private final class Server {
        private let process = Process()

        init(_ arguments: [String], in scratch: Scratch) throws {
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["--default-signal", "timeout", "600"] + arguments
            process.currentDirectoryURL = scratch.folder
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            try process.run()
            try #require(!output.fileHandleForReading.availableData.isEmpty)
        }

        deinit {
            process.terminate()
            process.waitUntilExit()
        }
    }

    private func realAgent() throws -> Server { try Server(["ssh-agent", "-D", "-a", socket], in: scratch) }

    /// What `program` says that is told of the agent.
    @discardableResult
    private func run(_ program: String...) throws -> String {
        let output = try scratch.run(["env", "SSH_AUTH_SOCK=\(socket)"] + program)
        return String(decoding: output, as: UTF8.self)
    }

    private func lines(_ sample: Sample, comment: String) -> [String] {
        [sample.publicKeyLine, sample.certificateLine].map { line in
            String(decoding: line, as: UTF8.self).split(separator: " ").prefix(2).joined(separator: " ") + " " + comment
        }
    }

    @Test("key and certificate are held, used and listed, and forgotten", arguments: SigningKey.Kind.allCases)
    func adds(kind: SigningKey.Kind) throws {
        let server = try realAgent()
        let agent = Agent(path: socket)
        #expect(try agent.identities() == [])
        let key = try PrivateKey(generating: kind)
        let sample = try Sample(key)
        for comment in ["first", "second"] {
            try agent.add(key, certificate: sample.certificate, comment: comment, lifetime: Seconds(300))
            #expect(
                try run("ssh-add", "-L").split(separator: "\n").map { String($0) } == lines(sample, comment: comment))
        }
        #expect(try agent.identities().map { $0.blob } == [key.publicKey.blob, sample.certificate])
        try scratch.write(sample.publicKeyLine, to: "key.pub")
        try run("ssh-add", "-T", "key.pub")

        // The person's own stay.
        try scratch.run("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", "user")
        try run("ssh-add", "-q", "user")
        #expect(try agent.remove([sample.fingerprint, Sample().fingerprint]) == 2)
        #expect(try agent.remove([sample.fingerprint]) == 0)
        #expect(try agent.identities().count == 1)
        withExtendedLifetime(server) {}
    }

    @Test("a key is forgotten when its lifetime is over")
    func forgets() async throws {
        let server = try realAgent()
        let agent = Agent(path: socket)
        let key = try PrivateKey(generating: .ed25519)
        try agent.add(key, certificate: try Sample(key).certificate, comment: "", lifetime: Seconds(1))
        let deadline = ContinuousClock.now + .seconds(30)
        while try !agent.identities().isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try agent.identities() == [])
        withExtendedLifetime(server) {}
    }

    @Test("a locked agent takes nothing, and that is said")
    func findsLocked() throws {
        let server = try realAgent()
        try scratch.write(Array("#!/bin/sh\necho password\n".utf8), to: "ask")
        try scratch.run("chmod", "700", "ask")
        try run("env", "SSH_ASKPASS=\(scratch.path("ask"))", "SSH_ASKPASS_REQUIRE=force", "ssh-add", "-q", "-x")
        let agent = Agent(path: socket)
        let key = try PrivateKey(generating: .ed25519)
        let error = KeyStoreError.agent(.refused(.addKey))
        #expect(throws: error) {
            try agent.add(key, certificate: Sample(key).certificate, comment: "", lifetime: Seconds(300))
        }
        #expect("\(error)" == "ssh-agent: it refused to take the key")
        #expect(try agent.remove([Sample(key).fingerprint]) == 0)
        withExtendedLifetime(server) {}
    }

    @Test("where there is no agent, that is said")
    func findsNone() throws {
        for environment in [[:], ["SSH_AUTH_SOCK": ""]] {
            #expect(throws: KeyStoreError.agent(.unnamed)) { _ = try Agent(environment: environment) }
        }
        let agent = try Agent(environment: ["SSH_AUTH_SOCK": socket])
        #expect(throws: KeyStoreError.agent(.connection(.file(.missing(socket))))) { try agent.identities() }
    }

    /// An agent that gives each connection one of the answers, and writes down the number of each request.
    private static let fake = """
        import socket, struct, sys
        server = socket.socket(socket.AF_UNIX)
        server.bind("agent")
        server.listen()
        print("ready", flush=True)
        for answer in sys.argv[1:]:
            connection = server.accept()[0]
            count, = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))
            print(connection.recv(count, socket.MSG_WAITALL)[0], file=open("requests", "a"))
            connection.sendall(bytes.fromhex(answer))
            connection.close()
        """

    private func fakeAgent(_ answers: String...) throws -> Server {
        try Server(["python3", "-c", Self.fake] + answers, in: scratch)
    }

    @Test("an agent that takes the key and not the certificate is left without both")
    func addsBothOrNone() throws {
        let server = try fakeAgent("0000000106", "0000000105", "0000000106")
        let key = try PrivateKey(generating: .ed25519)
        #expect(throws: KeyStoreError.agent(.refused(.addCertificate))) {
            let certificate = try Sample(key).certificate
            try Agent(path: socket).add(key, certificate: certificate, comment: "", lifetime: Seconds(300))
        }
        // Twice "add with a constraint", then "remove".
        #expect(try String(decoding: scratch.read("requests"), as: UTF8.self) == "25\n25\n18\n")
        withExtendedLifetime(server) {}
    }

    @Test("a certificate of another key is not sent")
    func refusesOtherKey() throws {
        let key = try PrivateKey(generating: .ed25519)
        #expect(throws: KeyStoreError.agent(.message(.otherKey))) {
            try Agent(path: socket).add(key, certificate: Sample().certificate, comment: "", lifetime: Seconds(1))
        }
    }

    @Test(
        "an answer that breaks off is refused",
        arguments: [("", 0, 4), ("000000", 3, 4), ("0000000a0c00", 2, 10), ("0004000006", 1, 262_144)])
    func refusesTornAnswer(bytes: String, received: Int, count: Int) throws {
        let server = try fakeAgent(bytes)
        let fault = SocketFault.closed(socket, received: received, of: count)
        #expect(throws: KeyStoreError.agent(.connection(fault))) { try Agent(path: socket).identities() }
        withExtendedLifetime(server) {}
    }

    @Test(
        "what is no answer to the question is refused",
        arguments: [
            ("00000000", .message(.length(0))), ("00040001", .message(.length(262_145))),
            ("ffffffff", .message(.length(4_294_967_295))), ("0000000163", .message(.number(99))),
            ("0000000105", .refused(.list)), ("0000000106", .answer(to: .list)),
        ] as [(String, AgentFault)])
    func refusesAnswer(bytes: String, fault: AgentFault) throws {
        let server = try fakeAgent(bytes)
        #expect(throws: KeyStoreError.agent(fault)) { try Agent(path: socket).identities() }
        withExtendedLifetime(server) {}
    }

    @Test("an agent that does not answer is not waited for for ever")
    func timesOut() throws {
        let silent = """
            import signal, socket
            server = socket.socket(socket.AF_UNIX)
            server.bind("agent")
            server.listen()
            print("ready", flush=True)
            signal.pause()
            """
        let server = try Server(["python3", "-c", silent], in: scratch)
        #expect(throws: KeyStoreError.agent(.connection(.timedOut(socket, call: "receive")))) {
            try Agent(path: socket, timeOut: .milliseconds(20)).identities()
        }
        withExtendedLifetime(server) {}
    }
}
