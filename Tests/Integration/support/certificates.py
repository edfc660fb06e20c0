"""Valid certificates for both sides, and each kind of invalid one, made by `cryptography`."""

import ipaddress
import os
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH


def self_signed(key, name, days=(-1, 90)):
    """A certificate with a name and a key, and nothing else in it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .sign(key, hashes.SHA256())
    )


class Certificates:
    def __init__(self, folder):
        self.folder = folder
        authority = self.ca = self.authority("ca")
        other = self.authority("other-ca")
        self.issue("server", authority, SERVER, names=["localhost"], addresses=["127.0.0.1"])
        self.issue("server2", authority, SERVER, names=["localhost"], addresses=["127.0.0.1"])
        self.issue("entra", authority, SERVER, names=["localhost"], addresses=["127.0.0.1"])
        self.issue("entra-ipv6", authority, SERVER, addresses=["::1"])
        self.issue("entra-several", authority, SERVER, names=["several.example"])
        self.issue("entra-other-name", authority, SERVER, names=["elsewhere.example"])
        self.issue("entra-expired", authority, SERVER, names=["localhost"], days=(-30, -1))
        self.issue("entra-other-ca", other, SERVER, names=["localhost"])
        self.issue("client", authority, CLIENT, common_name="kube-apiserver")
        self.issue("client-expired", authority, CLIENT, days=(-30, -1))
        self.issue("client-future", authority, CLIENT, days=(1, 30))
        self.issue("client-other-ca", other, CLIENT, common_name="kube-apiserver")
        self.issue("client-wrong-usage", authority, SERVER, common_name="kube-apiserver")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, certificate, key):
        with open(self.path(f"{name}.crt"), "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        with open(self.path(f"{name}.key"), "wb") as file:
            file.write(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        os.chmod(self.path(f"{name}.key"), 0o600)

    def builder(self, name, key, days):
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]) - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )

    def authority(self, name):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self.builder(name, key, (0, 90))
        builder = builder.issuer_name(builder._subject_name)
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        certificate = builder.add_extension(usage, True).sign(key, hashes.SHA256())
        self.write(name, certificate, key)
        return certificate, key

    def issue(self, name, authority, usage, common_name=None, names=(), addresses=(), days=(0, 60)):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self.builder(common_name or name, key, days).issuer_name(authority[0].subject)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority[0].public_key()), False
        )
        alternatives = [x509.DNSName(n) for n in names] + [x509.IPAddress(ipaddress.ip_address(a)) for a in addresses]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        self.write(name, builder.sign(authority[1], hashes.SHA256()), key)
