"""`certs` and `kubeconfig`, checked with other libraries: cryptography, Python's ssl and PyYAML."""

import base64
import datetime
import json
import pathlib
import socket
import ssl
import stat
import subprocess
import threading

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from programs import BINARY

TENANT = "11111111-2222-3333-4444-555555555555"
SERVER = "aaaaaaaa-0000-0000-0000-000000000000"
NAMES = ["ca.crt", "ca.key", "client-ca.crt", "client.crt", "client.key", "server.crt", "server.key"]
NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture
def run(tmp_path):
    def call(*arguments, status=0):
        done = subprocess.run([BINARY, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    return call


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


class TestCreate:
    def test_makes_everything_that_the_configuration_names(self, run, tmp_path):
        run("certs", "create")
        folder = tmp_path / "certs"
        assert sorted(p.name for p in folder.iterdir()) == NAMES
        for path in folder.iterdir():
            expected = 0o600 if path.suffix == ".key" else 0o644
            assert stat.S_IMODE(path.stat().st_mode) == expected, path
        assert alternatives(certificate(folder / "server.crt")) == ["localhost", "127.0.0.1", "::1"]
        assert handshake(folder, "localhost") == "kube-apiserver"
        assert handshake(folder, "127.0.0.1") == "kube-apiserver"

    def test_profiles(self, run, tmp_path):
        run("certs", "create")
        authority = certificate(tmp_path / "certs/ca.crt")
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical and constraints.value.ca
        for name, usage in [("server", ExtendedKeyUsageOID.SERVER_AUTH), ("client", ExtendedKeyUsageOID.CLIENT_AUTH)]:
            cert = certificate(tmp_path / f"certs/{name}.crt")
            cert.verify_directly_issued_by(authority)
            assert list(cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [usage]
            assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            secret = key(tmp_path / f"certs/{name}.key")
            assert isinstance(secret.curve, ec.SECP256R1)
            assert secret.public_key() == cert.public_key()
            assert abs((cert.not_valid_after_utc - NOW).days - 365) <= 1

    def test_rsa_names_and_days(self, run, tmp_path):
        run(
            "certs",
            "create",
            "--rsa",
            "--days",
            "7",
            "--out",
            "x/y",
            "--client-name",
            "api one",
            "--host",
            "Webhook.Example",
            "--host",
            "10.96.0.20",
            "--host",
            "fd00::1",
            "--host",
            "10.96.0.20",
        )
        cert = certificate(tmp_path / "x/y/server.crt")
        assert alternatives(cert) == ["webhook.example", "10.96.0.20", "fd00::1"]
        assert isinstance(cert.public_key(), rsa.RSAPublicKey)
        assert (cert.not_valid_after_utc - NOW).days in (6, 7)
        assert handshake(tmp_path / "x/y", "10.96.0.20") == "api one"

    def test_nothing_is_overwritten_without_force(self, run, tmp_path):
        (tmp_path / "certs").mkdir()
        (tmp_path / "certs/client.key").write_text("mine")
        assert "certs/client.key" in run("certs", "create", status=2).stderr
        assert [p.name for p in (tmp_path / "certs").iterdir()] == ["client.key"]
        run("certs", "create", "--force")
        assert handshake(tmp_path / "certs", "localhost")

    def test_renew_keeps_the_ca_the_names_and_the_kind_of_key(self, run, tmp_path):
        run("certs", "create", "--rsa", "--host", "a.example", "--client-name", "me")
        folder = tmp_path / "certs"
        before = {p.name: p.read_bytes() for p in folder.iterdir()}
        done = run("certs", "create", "--renew")
        authority = certificate(folder / "ca.crt")
        digest = authority.fingerprint(hashes.SHA256()).hex()[:16]
        end = f"{authority.not_valid_after_utc:%Y-%m-%d}"
        assert f"Signed by: CN=kube-entra CA, valid until {end}, SHA-256 {digest}…" in done.stderr
        after = {p.name: p.read_bytes() for p in folder.iterdir()}
        assert {n for n in NAMES if before[n] != after[n]} == {"server.crt", "server.key", "client.crt", "client.key"}
        assert alternatives(certificate(folder / "server.crt")) == ["a.example"]
        assert isinstance(key(folder / "server.key"), rsa.RSAPrivateKey)
        assert handshake(folder, "a.example") == "me"
        run("certs", "create", "--renew", "--host", "b.example")
        assert alternatives(certificate(folder / "server.crt")) == ["b.example"]

    def test_renewed_certificates_do_not_outlive_the_ca(self, run, tmp_path):
        run("certs", "create", "--days", "5", "--ca-days", "10")
        run("certs", "create", "--renew")
        authority, server = (certificate(tmp_path / f"certs/{n}.crt") for n in ("ca", "server"))
        assert server.not_valid_after_utc == authority.not_valid_after_utc

    def test_renew_needs_a_ca_and_its_own_key(self, run, tmp_path):
        assert "certs/ca.crt: there is no such file" in run("certs", "create", "--renew", status=2).stderr
        run("certs", "create")
        (tmp_path / "certs/ca.key").write_bytes((tmp_path / "certs/server.key").read_bytes())
        assert "is not the key of" in run("certs", "create", "--renew", status=2).stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--host", "https://a.example"], ["--host", "a.example:8443"], ["--host", "10.0.0.256"], ["--host", ""],
            ["--host", "a b"], ["--host", "-a.example"], ["--host", "ä.example"], ["--days", "0"],
            ["--days", "9999999"], ["--days", "x"], ["--days", "4000"], ["--client-name", ""],
            ["--client-name", "x" * 65], ["--renew", "--force"], ["--out", ""], ["surplus"],
        ],
    )  # fmt: skip
    def test_wrong_usage_makes_nothing(self, run, tmp_path, arguments):
        run("certs", "create", *arguments, status=64)
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_cannot_be_made(self, run, tmp_path):
        (tmp_path / "file").write_text("")
        assert "file/below" in run("certs", "create", "--out", "file/below", status=2).stderr

    def test_json(self, run, tmp_path):
        made = json.loads(run("certs", "create", "--output", "json").stdout)
        assert sorted(pathlib.Path(f["path"]).name for f in made["files"]) == NAMES
        assert made["hosts"] == ["localhost", "127.0.0.1", "::1"] and made["clientName"] == "kube-apiserver"


class TestShow:
    def show(self, run, *arguments, status=0):
        return json.loads(run("certs", "show", "--output", "json", *map(str, arguments), status=status).stdout)

    def test_agrees_with_cryptography(self, run, tmp_path):
        run("certs", "create")
        cert = certificate(tmp_path / "certs/server.crt")
        report = self.show(run, "certs/server.crt")
        assert report["ok"]
        shown = report["files"][0]["certificates"][0]
        assert shown["sha256Fingerprint"] == cert.fingerprint(hashes.SHA256()).hex()
        assert int(shown["serialNumber"], 16) == cert.serial_number
        assert shown["dnsNames"] == ["localhost"] and shown["ipAddresses"] == ["127.0.0.1", "::1"]
        assert shown["extendedKeyUsages"] == ["serverAuth"] and shown["status"] == "valid"
        assert shown["notAfter"] == cert.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert report["files"][0]["privateKey"] == {"path": "certs/server.key", "fits": True}

    def test_text_stays_narrow_and_is_harmless(self, run, tmp_path):
        run("certs", "create", *[a for n in range(12) for a in ("--host", f"node-{n}.control-plane.example")])
        foreign(tmp_path)
        text = run("certs", "show", "certs/server.crt", "foreign.crt").stdout
        assert max(map(len, text.splitlines())) <= 80
        assert "node-11.control-plane.example" in text and "\x1b" not in text
        assert "expires in 99 days" in text

    @pytest.mark.parametrize(
        "made, status, expected",
        [
            (dict(days=-1, start=-9), 1, "has expired"),
            (dict(start=2, days=9), 1, "not valid yet"),
            (dict(days=10), 0, "expires in"),
            (dict(names=()), 0, "no names"),
            (dict(bits=1024), 0, "1024 bits"),
        ],
    )
    def test_what_to_look_at(self, run, tmp_path, made, status, expected):
        foreign(tmp_path, **made)
        file = self.show(run, "foreign.crt", status=status)["files"][0]
        assert expected in " ".join(file["faults"] if status else file["warnings"])

    def test_client_certificates_need_no_names(self, run, tmp_path):
        foreign(tmp_path, names=(), usage=ExtendedKeyUsageOID.CLIENT_AUTH)
        assert self.show(run, "foreign.crt")["files"][0]["warnings"] == []

    def test_a_key_that_does_not_fit(self, run, tmp_path):
        run("certs", "create")
        assert not self.show(run, "certs/server.crt", "--key", "certs/client.key", status=1)["ok"]
        (tmp_path / "certs/server.key").write_bytes((tmp_path / "certs/client.key").read_bytes())
        self.show(run, "certs/server.crt", status=1)

    def test_a_key_that_everybody_can_read(self, run, tmp_path):
        run("certs", "create")
        (tmp_path / "certs/server.key").chmod(0o644)
        assert "private key" in self.show(run, "certs/server.crt")["files"][0]["warnings"][0]

    def test_chains(self, run, tmp_path):
        run("certs", "create")
        run("certs", "create", "--out", "other")
        parts = {n: (tmp_path / n).read_bytes() for n in ("certs/server.crt", "certs/ca.crt", "other/ca.crt")}
        for name, files, status in [
            ("inOrder", ["certs/server.crt", "certs/ca.crt"], 0),
            ("outOfOrder", ["certs/ca.crt", "certs/server.crt"], 1),
            ("outOfOrder", ["certs/server.crt", "other/ca.crt"], 1),
            ("authorities", ["certs/ca.crt", "other/ca.crt"], 0),
        ]:
            (tmp_path / "chain.pem").write_bytes(b"".join(parts[f] for f in files))
            file = self.show(run, "chain.pem", status=status)["files"][0]
            assert file["chain"] == name and len(file["certificates"]) == 2

    @pytest.mark.parametrize("content", [None, b"", b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERT"])
    def test_unreadable_files_do_not_hide_the_others(self, run, tmp_path, content):
        foreign(tmp_path)
        if content is not None:
            (tmp_path / "bad.crt").write_bytes(content)
        done = run("certs", "show", "bad.crt", "foreign.crt", status=2)
        assert "bad.crt" in done.stderr and "foreign.crt" in done.stdout

    def test_a_private_key_is_named_as_such(self, run, tmp_path):
        run("certs", "create")
        assert "this is a private key" in run("certs", "show", "certs/server.key", status=2).stderr

    def test_key_goes_with_one_file(self, run, tmp_path):
        run("certs", "show", "a.crt", "b.crt", "--key", "c.key", status=64)
        run("certs", "show", status=64)


class TestWebhookKubeconfig:
    def load(self, text):
        config = yaml.safe_load(text)
        assert config["apiVersion"] == "v1" and config["kind"] == "Config"
        context = {c["name"]: c["context"] for c in config["contexts"]}[config["current-context"]]
        cluster = {c["name"]: c["cluster"] for c in config["clusters"]}[context["cluster"]]
        return cluster, {u["name"]: u["user"] for u in config["users"]}[context["user"]]

    def test_by_reference(self, run, tmp_path):
        run("certs", "create")
        cluster, user = self.load(run("kubeconfig", "webhook").stdout)
        folder = tmp_path / "certs"
        assert cluster == {
            "server": "https://127.0.0.1:8443/authenticate",
            "certificate-authority": str(folder / "ca.crt"),
        }
        assert user == {"client-certificate": str(folder / "client.crt"), "client-key": str(folder / "client.key")}

    def test_embedded_and_private(self, run, tmp_path):
        run("certs", "create")
        run("kubeconfig", "webhook", "--embed", "--out", "webhook.yaml")
        path = tmp_path / "webhook.yaml"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        cluster, user = self.load(path.read_text())
        for value, name in [
            (cluster["certificate-authority-data"], "ca.crt"),
            (user["client-certificate-data"], "client.crt"),
            (user["client-key-data"], "client.key"),
        ]:
            assert base64.b64decode(value, validate=True) == (tmp_path / "certs" / name).read_bytes()
        assert "--force" in run("kubeconfig", "webhook", "--out", "webhook.yaml", status=2).stderr
        run("kubeconfig", "webhook", "--out", "webhook.yaml", "--force")

    def test_a_key_in_the_ca_file_is_not_embedded(self, run, tmp_path):
        run("certs", "create")
        both = (tmp_path / "certs/ca.crt").read_bytes() + (tmp_path / "certs/ca.key").read_bytes()
        (tmp_path / "both.pem").write_bytes(both)
        cluster, _ = self.load(run("kubeconfig", "webhook", "--embed", "--ca", "both.pem").stdout)
        assert b"PRIVATE" not in base64.b64decode(cluster["certificate-authority-data"])

    def test_files_of_another_machine(self, run, tmp_path):
        arguments = ["--ca", "/etc/x/ca.crt", "--client-certificate", "/etc/x/c.crt", "--client-key", "/etc/x/c.key"]
        done = run("kubeconfig", "webhook", *arguments)
        assert "not on this machine" in done.stderr
        assert self.load(done.stdout)[1] == {"client-certificate": "/etc/x/c.crt", "client-key": "/etc/x/c.key"}
        run("kubeconfig", "webhook", "--embed", *arguments, status=2)

    def test_a_name_that_the_server_does_not_have(self, run, tmp_path):
        run("certs", "create", "--host", "a.example")
        assert "a.example" not in run("kubeconfig", "webhook", "--server", "https://a.example/authenticate").stderr
        assert "b.example" in run("kubeconfig", "webhook", "--server", "https://b.example/authenticate").stderr

    def test_a_key_of_another_certificate(self, run, tmp_path):
        run("certs", "create")
        run("kubeconfig", "webhook", "--client-key", "certs/server.key", status=2)
        run("kubeconfig", "webhook", "--certs", "nowhere", status=2)

    @pytest.mark.parametrize(
        "server",
        ["http://a.example", "a.example", "https://", "https://u@a.example", "https://a:0/", "https://a/?x=1",
         "https://a:99999", "https://a b/", "https://[::1", "https://a/\nusers:"],
    )  # fmt: skip
    def test_addresses(self, run, server):
        run("kubeconfig", "webhook", "--server", server, status=64)


class TestUserKubeconfig:
    BASE = ["kubeconfig", "user", "--server", "https://cluster.example:6443"]
    IDS = ["--tenant-id", TENANT, "--server-id", SERVER]
    AKS_CLIENT = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"

    def user(self, text):
        return yaml.safe_load(text)["users"][0]["user"]

    @pytest.mark.parametrize("cloud, environment", [
        ("public", "AzurePublicCloud"), ("usGovernment", "AzureUSGovernmentCloud"), ("china", "AzureChinaCloud"),
    ])  # fmt: skip
    def test_device_code_is_the_default(self, run, cloud, environment):
        command = self.user(run(*self.BASE, *self.IDS, "--cloud", cloud).stdout)["exec"]
        assert command["command"] == "kubelogin"
        assert command["args"] == [
            "get-token", "--login", "devicecode", "--server-id", SERVER, "--client-id", self.AKS_CLIENT,
            "--tenant-id", TENANT, "--environment", environment,
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "login",
        ["devicecode", "interactive", "ropc", "spn", "msi", "azurecli", "azd", "workloadidentity", "azurepipelines"],
    )
    def test_every_way_to_sign_in(self, run, login):
        arguments = [*self.BASE, *self.IDS, "--login", login, "--client-id", TENANT]
        command = self.user(run(*arguments).stdout)["exec"]["args"]
        assert command[:5] == ["get-token", "--login", login, "--server-id", SERVER]
        assert all(isinstance(word, str) for word in command)

    def test_people_are_not_given_to_applications(self, run):
        for login in ("spn", "msi", "workloadidentity", "azurecli"):
            assert self.AKS_CLIENT not in run(*self.BASE, *self.IDS, "--login", login).stdout

    def test_the_old_form(self, run):
        provider = self.user(run(*self.BASE, *self.IDS, "--format", "azure").stdout)["auth-provider"]
        assert provider == {
            "name": "azure",
            "config": {
                "apiserver-id": SERVER, "client-id": self.AKS_CLIENT, "tenant-id": TENANT,
                "environment": "AzurePublicCloud", "config-mode": "1",
            },
        }  # fmt: skip

    @pytest.mark.parametrize("name", ["plain", "yes", "1e3", "a: b", '"', "\\", "#x", "{a", "ü"])
    def test_names_survive(self, run, name):
        config = yaml.safe_load(run(*self.BASE, *self.IDS, "--name", name).stdout)
        assert config["current-context"] == config["clusters"][0]["name"] == name

    def test_authority(self, run, tmp_path):
        run("certs", "create")
        config = yaml.safe_load(run(*self.BASE, *self.IDS, "--ca", "certs/ca.crt").stdout)
        data = config["clusters"][0]["cluster"]["certificate-authority-data"]
        assert base64.b64decode(data) == (tmp_path / "certs/ca.crt").read_bytes()
        run(*self.BASE, *self.IDS, "--ca", "certs/ca.key", status=2)

    def test_from_the_configuration(self, run, tmp_path):
        run("config", "init", "--tenant-id", TENANT, "--audience", SERVER, "--cloud", "china", "--out", "c.yaml")
        command = self.user(run(*self.BASE, "--config", "c.yaml").stdout)["exec"]["args"]
        assert SERVER in command and TENANT in command and "AzureChinaCloud" in command
        run(*self.BASE, "--config", "c.yaml", "--tenant-id", SERVER, status=2)
        run(*self.BASE, "--config", "none.yaml", status=2)

    def test_proof_of_possession(self, run, tmp_path):
        run("config", "init", "--tenant-id", TENANT, "--audience", SERVER, "--out", "c.yaml")
        text = (tmp_path / "c.yaml").read_text()
        proof = "    proofOfPossession: {}\n    clusterHost: cluster.example\n    signingKeys:"
        for rule, flags in [("accept", False), ("require", True)]:
            (tmp_path / "c.yaml").write_text(text.replace("    signingKeys:", proof.format(rule)))
            words = self.user(run(*self.BASE, "--config", "c.yaml").stdout)["exec"]["args"]
            assert words[2] == ("interactive" if flags else "devicecode")
            assert (words[-3:] == ["--pop-enabled", "--pop-claims", "u=cluster.example"]) == flags
        for login, status in [("interactive", 0), ("ropc", 0), ("spn", 0), ("devicecode", 64), ("azurecli", 64)]:
            run(*self.BASE, "--config", "c.yaml", "--login", login, status=status)
        run(*self.BASE, "--config", "c.yaml", "--format", "azure", status=64)

    @pytest.mark.parametrize(
        "arguments",
        [
            [], ["--tenant-id", TENANT], ["--server-id", SERVER], ["--tenant-id", "x", "--server-id", SERVER],
            [*IDS, "--login", "password"], [*IDS, "--format", "azure", "--login", "spn"], [*IDS, "--name", "a\nb"],
            [*IDS, "--client-id", "x"], [*IDS, "--cloud", "mars"], [*IDS, "--login", "azurepipelines"],
        ],
    )  # fmt: skip
    def test_wrong_usage(self, run, arguments):
        run(*self.BASE, *arguments, status=64)
