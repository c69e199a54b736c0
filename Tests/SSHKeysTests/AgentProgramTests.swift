import Encodings
import SSHKeys
import Signatures
import Testing

@testable import TestSupport

/// Our messages beside those of ssh-add, and before a real ssh-agent.
@Suite("Messages to an ssh-agent, with OpenSSH as judge")
struct AgentProgramTests {
    private static let comment = "alice@example.com via example"
    private static let lifetimes: [Seconds?] = [nil, Seconds(300)]

    /// A key of ours as ssh-add wants it, with its certificate: `key`, `key.pub`, `key-cert.pub`.
    private struct Files: ~Copyable {
        let scratch: Scratch
        let key: PrivateKey
        let certificate: [UInt8]
        let certificateText: String

        init(_ kind: SigningKey.Kind) throws {
            let scratch = try Scratch()
            let key = try PrivateKey(generating: kind)
            let certificate = try key.certificate(
                CertificateContents(
                    nonce: Array(0..<32), key: key.publicKey, serial: 0, kind: .user, keyID: Array("id".utf8),
                    principals: [Array("opkssh-wildcard".utf8)], validAfter: 0, validBefore: .max,
                    criticalOptions: [], extensions: [CertificateOption(flag: "permit-pty")],
                    signatureKey: key.publicKey))
            let certificateText = "\(key.publicKey.algorithm.certificateName) \(Base64.standard.encode(certificate))"
            try scratch.write(try key.file(comment: AgentProgramTests.comment), to: "key")
            try scratch.run("chmod", "600", "key")
            try scratch.write(Array("\(key.publicKey.authorizedKeysText) c\n".utf8), to: "key.pub")
            try scratch.write(Array("\(certificateText) c\n".utf8), to: "key-cert.pub")
            self.scratch = scratch
            self.key = key
            self.certificate = certificate
            self.certificateText = certificateText
        }
    }

    /// An agent that says yes to everything and prints what it is told, around one program.
    private static let recorder = """
        import os, socket, struct, subprocess, sys, threading
        server = socket.socket(socket.AF_UNIX)
        path = f"recorder-{os.getpid()}"
        server.bind(path)
        server.listen()
        def serve(connection):
            while head := connection.recv(4, socket.MSG_WAITALL):
                body = connection.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)
                print((head + body).hex(), flush=True)
                answer = b"\\x0c\\0\\0\\0\\0" if body == b"\\x0b" else b"\\x06"
                connection.sendall(struct.pack(">I", len(answer)) + answer)
        def accept():
            while True:
                threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        environment = dict(os.environ, SSH_AUTH_SOCK=path)
        subprocess.run(sys.argv[1:], env=environment, stdout=subprocess.DEVNULL, check="-L" not in sys.argv)
        """

    /// What `program` says to an agent, as hex digits.
    private func recorded(_ program: String..., in scratch: Scratch) throws -> [String] {
        let output = try scratch.run(["python3", "-c", Self.recorder] + program)
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test("ssh-add says the same", arguments: SigningKey.Kind.allCases, lifetimes)
    func agreesWithSSHAdd(kind: SigningKey.Kind, lifetime: Seconds?) throws {
        let files = try Files(kind)
        let said =
            if let lifetime {
                try recorded("ssh-add", "-q", "-t", "\(lifetime.count)", "key", in: files.scratch)
            } else {
                try recorded("ssh-add", "-q", "key", in: files.scratch)
            }
        let plain = try AgentRequest.add(files.key, comment: Self.comment, lifetime: lifetime)
        let certified = try AgentRequest.add(
            files.key, certificate: files.certificate, comment: Self.comment, lifetime: lifetime)
        #expect(said == [hex(plain), hex(certified)])
    }

    @Test("ssh-add lists and removes the same", arguments: SigningKey.Kind.allCases)
    func agreesOnOthers(kind: SigningKey.Kind) throws {
        let files = try Files(kind)
        #expect(try recorded("ssh-add", "-L", in: files.scratch) == [hex(AgentRequest.list)])
        let removals = [files.key.publicKey.blob, files.certificate]
        let expected = try removals.map { hex(try AgentRequest.remove($0)) }
        #expect(try recorded("ssh-add", "-q", "-d", "key", in: files.scratch) == expected)
    }

    /// Sends the messages in the file `messages` to the agent and prints its answers, all as lines of hex digits.
    private static let client = """
        import os, socket, struct
        agent = socket.socket(socket.AF_UNIX)
        agent.connect(os.environ["SSH_AUTH_SOCK"])
        for line in open("messages"):
            agent.sendall(bytes.fromhex(line))
            count, = struct.unpack(">I", agent.recv(4, socket.MSG_WAITALL))
            print(agent.recv(count, socket.MSG_WAITALL).hex())
        """

    /// What an agent that has only just started answers, and what `then` prints while it runs.
    private func answers(
        to messages: [[UInt8]], then command: String, in scratch: Scratch
    ) throws -> ([AgentAnswer], String) {
        try scratch.write(Array(messages.map { hex($0) + "\n" }.joined().utf8), to: "messages")
        try scratch.write(Array(Self.client.utf8), to: "client")
        // By itself the agent looks only every ten seconds whether what it started is still there, and this process
        // may have been started with any other signal blocked.
        let script = "trap 'kill -KILL $SSH_AGENT_PID' EXIT; python3 client > answers && { \(command) ; }"
        let output = try scratch.run("ssh-agent", "-a", "agent", "sh", "-c", script)
        let lines = String(decoding: try scratch.read("answers"), as: UTF8.self).split(separator: "\n")
        let answers = try lines.map { line in
            let values = line.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
            let body = stride(from: 0, to: values.count - 1, by: 2).map { values[$0] << 4 | values[$0 + 1] }
            return try AgentAnswer(parsing: body)
        }
        return (answers, String(decoding: output, as: UTF8.self))
    }

    @Test("an agent takes key and certificate, lists them, and forgets the one", arguments: SigningKey.Kind.allCases)
    func isTaken(kind: SigningKey.Kind) throws {
        let files = try Files(kind)
        let (key, certificate) = (files.key.publicKey.blob, files.certificate)
        let messages = [
            AgentRequest.list,
            try AgentRequest.add(files.key, comment: "plain", lifetime: nil),
            try AgentRequest.add(files.key, certificate: certificate, comment: "certified", lifetime: Seconds(300)),
            try AgentRequest.add(files.key, comment: "é", lifetime: Seconds(300)),
            AgentRequest.list,
            try AgentRequest.remove(key),
            try AgentRequest.remove(key),
            AgentRequest.list,
        ]
        let (answers, listed) = try answers(to: messages, then: "ssh-add -L", in: files.scratch)
        let second = AgentIdentity(blob: certificate, comment: Array("certified".utf8))
        #expect(
            answers == [
                .identities([]), .success, .success, .success,
                .identities([AgentIdentity(blob: key, comment: Array("é".utf8)), second]),
                .success, .failure, .identities([second]),
            ])
        #expect(listed == "\(files.certificateText) certified\n")
    }

    @Test("an agent signs with a key that we put there", arguments: SigningKey.Kind.allCases)
    func signs(kind: SigningKey.Kind) throws {
        let files = try Files(kind)
        try files.scratch.write(Array("what is signed".utf8), to: "message")
        try files.scratch.write(Array("alice \(files.key.publicKey.authorizedKeysText)\n".utf8), to: "allowed")
        let add = try AgentRequest.add(files.key, comment: "", lifetime: Seconds(300))
        let sign = "rm key && ssh-keygen -q -Y sign -f key.pub -n file message"
        let (answers, _) = try answers(to: [add], then: sign, in: files.scratch)
        #expect(answers == [.success])
        let verify = "exec ssh-keygen -Y verify -f allowed -I alice -n file -s message.sig < message"
        try files.scratch.run("sh", "-c", verify)
    }
}
