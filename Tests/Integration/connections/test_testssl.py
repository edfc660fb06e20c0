"""testssl.sh (Debian) finds nothing of medium severity or worse.

Against a webhook that asks for no client certificate, since testssl.sh leaves checks out where one is needed. The
certificate names a CRL, as one from a company's CA does: whether it does is no matter of the server. About 40 seconds;
`testssl --add-ca ca.crt ADDRESS` adds the simulation of browsers, which rates nothing."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

from callers import SERVER, Issuer, load, write
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from webhook import Webhook, configuration

CHECKS = ["-p", "-f", "-P", "-S", "-h", "-U"]


def server_certificate(certificates):
    authority = load(certificates, "ca")
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=80))
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.ExtendedKeyUsage([SERVER]), False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(
            x509.CRLDistributionPoints(
                [
                    x509.DistributionPoint(
                        [x509.UniformResourceIdentifier("http://127.0.0.1:9/ca.crl")], None, None, None
                    )
                ]
            ),
            False,
        )
    )
    write(certificates.folder, "testssl", Issuer(builder.sign(authority.key, hashes.SHA256()), key))


def test_nothing_of_medium_severity_or_worse(certificates, entra, tmp_path):
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    assert program, "testssl.sh is not installed: Tests/run.sh packages"
    entra.write_key_file(certificates.path("keys.json"))
    server_certificate(certificates)
    config = configuration()
    config["server"] = {"certificate": "testssl.crt", "privateKey": "testssl.key", "insecureAllowAnyClient": True}
    webhook = Webhook(certificates, config, name="testssl.yaml").start()
    report = tmp_path / "report.json"
    try:
        done = subprocess.run(
            [
                program,
                "--warnings",
                "off",
                "--color",
                "0",
                "--ip",
                "127.0.0.1",
                "--add-ca",
                certificates.path("ca.crt"),
                *CHECKS,
                "--jsonfile",
                str(report),
                f"localhost:{webhook.port}",
            ],
            capture_output=True,
            timeout=240,
            # The GOST engine is a package of its own that testssl.sh only recommends: without it, each report warns.
            stdin=subprocess.DEVNULL,
            env={**os.environ, "NO_ENGINE": "true"},
        )
    finally:
        webhook.stop()
    findings = json.loads(report.read_text())
    assert len(findings) > 60, done.stdout.decode()[-2000:]
    # What is rated, and what could not be checked.
    bad = [
        (f["severity"], f["id"], f["finding"])
        for f in findings
        if f["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL")
    ]
    assert bad == []
    ids = {f["id"] for f in findings}
    assert {"heartbleed", "ROBOT", "secure_renego", "CRIME_TLS", "cipher_order", "TLS1_3", "cert_trust"} <= ids
