"""Client certificates of every kind, each with its whole chain, made by `cryptography`."""

import os
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def p384():
    return ec.generate_private_key(ec.SECP384R1())


def rsa_key(bits):
    return lambda: rsa.generate_private_key(65537, bits)


class Issuer:
    """A CA certificate with its key, and the chain that peers must send with its certificates."""

    def __init__(self, certificate, key, chain=()):
        self.certificate, self.key, self.chain = certificate, key, list(chain)


def load(certificates, name):
    with open(certificates.path(f"{name}.crt"), "rb") as crt, open(certificates.path(f"{name}.key"), "rb") as key:
        return Issuer(x509.load_pem_x509_certificate(crt.read()), serialization.load_pem_private_key(key.read(), None))


def certify(
    issuer,
    name="kube-apiserver",
    key=p256,
    usages=(CLIENT,),
    dns=(),
    days=(-1, 30),
    is_authority=False,
    path_length=None,
    key_usage=None,
    critical=None,
    names_key=True,
    chained=True,
):
    """A certificate by `issuer`; None makes it self-signed."""
    own = key() if callable(key) else key
    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name is not None else [])
    signer = issuer.key if issuer else own
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(is_authority, path_length), True)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), False)
    if issuer and names_key:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.certificate.public_key()), False
        )
    if dns:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(d) for d in dns]), False)
    if is_authority and key_usage is None:
        key_usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    if key_usage:
        builder = builder.add_extension(key_usage, True)
    if critical:
        builder = builder.add_extension(x509.UnrecognizedExtension(ObjectIdentifier(critical), b"\x05\x00"), True)
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    certificate = builder.sign(signer, digest)
    chain = [issuer.certificate, *issuer.chain] if issuer and issuer.chain is not None and chained else []
    # The server has the root certificate itself.
    return Issuer(certificate, own, [c for c in chain if c.issuer != c.subject])


def write(folder, name, caller):
    pem = serialization.Encoding.PEM
    paths = os.path.join(folder, f"{name}.crt"), os.path.join(folder, f"{name}.key")
    with open(paths[0], "wb") as file:
        file.write(b"".join(c.public_bytes(pem) for c in [caller.certificate, *caller.chain]))
    with open(paths[1], "wb") as file:
        file.write(caller.key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return paths
