"""Certificates in files, read and written by `cryptography`."""

import datetime
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.UTC)


def certificate(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def key(path):
    return serialization.load_pem_private_key(path.read_bytes(), None)


def alternatives(cert):
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName) + [str(a) for a in names.get_values_for_type(x509.IPAddress)]


def handshake(folder, host):
    """A mutual TLS handshake of Python's ssl with the files; the client's common name as the server saw it."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.crt", folder / "server.key")
    server.load_verify_locations(folder / "client-ca.crt")
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=folder / "ca.crt")
    client.load_cert_chain(folder / "client.crt", folder / "client.key")
    ours, theirs = socket.socketpair()
    seen = []

    def serve():
        with server.wrap_socket(theirs, server_side=True) as session:
            seen.append(dict(pair[0] for pair in session.getpeercert()["subject"])["commonName"])
            session.sendall(b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(ours, server_hostname=host) as session:
        session.recv(1)
    thread.join()
    return seen[0]


def foreign(tmp_path, *, names=("a.example",), start=-1, days=100, usage=ExtendedKeyUsageOID.SERVER_AUTH, bits=None):
    """A self-signed certificate made by another library."""
    private = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a\x1b[31m, Inc.")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=start))
        .not_valid_after(NOW + datetime.timedelta(days=days))
        .add_extension(x509.ExtendedKeyUsage([usage]), False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
    made = builder.sign(private, hashes.SHA256())
    path = tmp_path / "foreign.crt"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = tmp_path / "foreign.key"
    secret.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    secret.chmod(0o600)
    return path
