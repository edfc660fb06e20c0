import NIOCore
import OpenSSL
import SafeText
import TestSupport
import Testing
import Timestamps

@testable import WebhookServer

@Suite("Names of callers") struct ClientNamesTests {
    private static func certificate(_ name: String, dns: String? = nil) throws -> Certificate {
        try Certificate.selfSigned(
            CertificateContents(
                subject: CertificateName(commonName: name), sans: dns.map { [.dns($0)] } ?? [],
                notBefore: .fromNow(hours: -1), notAfter: .fromNow(hours: 1), profile: .client), key: .generateP256())
    }

    @Test(
        "a common name is compared byte by byte, a DNS name without the case of A to Z",
        arguments: [
            (allowed: "K", common: "K", dns: nil, isAllowed: true),
            (allowed: "K", common: "\u{212A}", dns: nil, isAllowed: false),
            (allowed: "K", common: "k", dns: nil, isAllowed: false),
            (allowed: "caf\u{E9}", common: "cafe\u{301}", dns: nil, isAllowed: false),
            (allowed: "cafe\u{301}", common: "cafe\u{301}", dns: nil, isAllowed: true),
            (allowed: "API.example", common: "x", dns: "api.EXAMPLE", isAllowed: true),
            (allowed: "*.example", common: "x", dns: "api.example", isAllowed: false),
        ] as [(allowed: String, common: String, dns: String?, isAllowed: Bool)])
    func names(allowed: String, common: String, dns: String?, isAllowed: Bool) throws {
        let names = ClientNames([ExactText(allowed)])
        #expect(try names.allow(Self.certificate(common, dns: dns)) == isAllowed)
    }

    @Test(
        "a connection's end is its certificate's, however far away that is",
        arguments: [
            (lasts: 4, isFinite: true), (lasts: -4, isFinite: true), (lasts: 7000 * 365 * 86_400, isFinite: false),
        ] as [(lasts: Int64, isFinite: Bool)])
    func expiry(lasts: Int64, isFinite: Bool) throws {
        let time = Timestamp(secondsSinceEpoch: 1_700_000_000)
        let certificate = try Certificate.selfSigned(
            CertificateContents(
                subject: CertificateName(commonName: "x"), notBefore: time.adding(seconds: -3600),
                notAfter: time.adding(seconds: lasts), profile: .client), key: .generateP256())
        let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        let caller = ClientIdentity(certificate, at: nil, allowed: ClientNames([]), now: now, time: time)
        #expect(caller.expiry == (isFinite ? now + .seconds(max(0, lasts)) : .distantFuture))
        #expect(ClientIdentity(nil, at: nil, allowed: ClientNames([]), now: now, time: time).expiry == .distantFuture)
    }

    @Test("two names that Unicode takes for one are both in the list")
    func both() throws {
        let names = ClientNames(["caf\u{E9}", "cafe\u{301}"])
        for name in ["caf\u{E9}", "cafe\u{301}"] { #expect(try names.allow(Self.certificate(name))) }
    }
}
