import Encodings
import Testing

@testable import IdentityToken
@testable import TestSupport

@Suite("Published tokens", .enabled(if: Vectors.areExpected, Vectors.absence))
struct PublishedVectorTests {
    /// The token whose client's header and signature these are; the provider's are of no matter here.
    private func token(clientHeader: String, payload: String = "e30", signature: String = "AA") throws -> CompactToken {
        let header = Base64.url.encode(Array(#"{"alg":"RS256"}"#.utf8))
        return try CompactToken(parsing: Array("\(payload):\(header):AA:\(clientHeader):\(signature)".utf8)[...])
    }

    @Test("the commitments of published client headers come out as published")
    func agreesWithCommitments() throws {
        let rows = try #require(try Vectors.read("pk-token.json")["cic_hash_vectors"]?.elements)
        #expect(rows.count == 4)
        for row in rows.compactMap(\.object) {
            let header = try #require(row["cic_protected_b64"]?.text?.string)
            let json = try #require(row["cic_canonical_json"]?.text)
            let client = try token(clientHeader: header).client
            #expect(client.canonical == Array(json.utf8))
            #expect(Text(try client.commitment()) == row["commitment"]?.text)
            #expect(client.algorithm == .es256)
        }
    }

    @Test("the client's signature of a published token verifies, and no other payload's")
    func verifiesClientSignature() throws {
        let text = try #require(try Vectors.read("pk-token.json")["gitlab_ci_cic_jws_es256_verifies"]?.text?.string)
        let parts = text.split(separator: ".").map(String.init)
        let token = try token(clientHeader: parts[0], payload: parts[1], signature: parts[2])
        let bound = try token.bound(to: token.client.key)
        #expect(bound.claims.issuer == "https://gitlab.com")
        #expect(bound.claims.audiences == ["OPENPUBKEY-PKTOKEN:1234"])
        #expect(bound.claims.issuedAt == UnixTime(seconds: 1_722_189_366))
        #expect(bound.claims.notBefore == UnixTime(seconds: 1_722_189_361))
        let other = try self.token(clientHeader: parts[0], payload: "e30", signature: parts[2])
        #expect(throws: TokenError.clientSignature) { try other.bound(to: other.client.key) }
    }
}

@Suite("Wycheproof's JWS and JWK", .enabled(if: Vectors.areExpected, Vectors.absence))
struct WycheproofJOSETests {
    /// Valid vectors that we refuse, and the reason; every other vector gets Wycheproof's answer.
    static let refusedThoughValid: [String: [Int: TokenError]] = [
        "json_web_signature_test.json": [
            // HMAC: no secret key is ever taken.
            1: .keySet(.secretKey(index: 0)), 348: .keySet(.secretKey(index: 0)), 352: .keySet(.secretKey(index: 0)),
            357: .keySet(.secretKey(index: 0)), 358: .keySet(.secretKey(index: 0)),
            359: .keySet(.secretKey(index: 0)), 372: .keySet(.secretKey(index: 0)),
            373: .keySet(.secretKey(index: 0)), 376: .keySet(.secretKey(index: 0)),
            377: .keySet(.secretKey(index: 0)),
            // An empty payload: no token is without claims.
            259: .base64(.refreshedPayload), 264: .base64(.refreshedPayload), 268: .base64(.refreshedPayload),
            272: .base64(.refreshedPayload), 320: .base64(.refreshedPayload), 325: .base64(.refreshedPayload),
            // Algorithms that are not among ours.
            265: .algorithm(.unknown("RS384")), 266: .algorithm(.unknown("RS384")),
            267: .algorithm(.unknown("RS384")), 269: .algorithm(.unknown("RS512")),
            270: .algorithm(.unknown("RS512")), 271: .algorithm(.unknown("RS512")),
            321: .algorithm(.unknown("PS384")), 322: .algorithm(.unknown("PS384")),
            323: .algorithm(.unknown("PS384")), 326: .algorithm(.unknown("PS512")),
            327: .algorithm(.unknown("PS512")), 328: .algorithm(.unknown("PS512")),
            346: .algorithm(.unknown("PS384")), 347: .algorithm(.unknown("ES512")),
            350: .algorithm(.unknown("PS384")), 351: .algorithm(.unknown("ES512")),
        ],
        "json_web_key_test.json": [
            // HMAC.
            2: .keySet(.secretKey(index: 0)), 13: .keySet(.secretKey(index: 0)), 14: .keySet(.secretKey(index: 0)),
            15: .keySet(.secretKey(index: 0)),
        ],
    ]

    /// Invalid vectors that we take.
    static let takenThoughInvalid: [String: Set<Int>] = [
        "json_web_signature_test.json": [],
        // A modulus made by Infineon's broken library (ROCA, CVE-2017-15361): a provider's keys are not tested for it.
        "json_web_key_test.json": [7],
    ]

    @Test("every vector gets its answer", arguments: ["json_web_signature_test.json", "json_web_key_test.json"])
    func answers(name: String) throws {
        let file = try Vectors.read("wycheproof/\(name)")
        let refused = try #require(Self.refusedThoughValid[name])
        let taken = try #require(Self.takenThoughInvalid[name])
        var count: Int64 = 0
        var met: Set<Int> = []
        for group in try #require(file["testGroups"]?.elements).compactMap(\.object) {
            let key = try #require(group["public"] ?? group["private"])
            for vector in try #require(group["tests"]?.elements).compactMap(\.object) {
                guard case .integer(let number) = vector["tcId"], let jws = vector["jws"]?.text else { continue }
                let (id, error) = (Int(number), Self.error(verifying: jws, with: key))
                count += 1
                if vector["result"] == .string("valid") {
                    #expect(error == refused[id], "\(name)#\(id)")
                    if refused[id] != nil { met.insert(id) }
                } else {
                    #expect((error == nil) == taken.contains(id), "\(name)#\(id): \(error as Any)")
                    if error == nil { met.insert(id) }
                }
            }
        }
        #expect(file["numberOfTests"] == .integer(count))
        #expect(met == taken.union(refused.keys), "a vector that is named here was not met")
    }

    private static func error(verifying jws: Text, with key: JSON) -> TokenError? {
        do throws(TokenError) {
            var set = JSON.Object()
            if let keys = key.object?["keys"] { set.add("keys", keys) } else { set.add("keys", .array([key])) }
            let keys = try KeySet(
                jwks: JSON.object(set).encoded, issuer: "https://a", fetchedAt: UnixTime(seconds: 0))
            let token = try JWS(compact: Array(jws.utf8)[...])
            try token.verify(with: keys, algorithms: SigningAlgorithm.allCases)
            return nil
        } catch {
            return error
        }
    }
}
