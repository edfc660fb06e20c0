"""`certs create` and `certs show`, checked with other libraries: cryptography and Python's ssl."""

import json
import os
import pathlib
import stat
import subprocess

import pytest
from certificate_files import NOW, alternatives, certificate, foreign, handshake, key
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from programs import BINARY

NAMES = ["ca.crt", "ca.key", "client-ca.crt", "client.crt", "client.key", "server.crt", "server.key"]


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

    def test_each_certificate_has_the_extensions_of_its_purpose(self, run, tmp_path):
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

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
    def test_renew_keeps_owner_and_group(self, run, tmp_path):
        """The service of another user reads its key after a renewal by root."""
        run("certs", "create")
        folder = tmp_path / "certs"
        os.chown(folder / "server.key", 65534, 65533)
        os.chown(folder / "client.key", 0, 65533)
        (folder / "client.key").chmod(0o640)
        (folder / "client.crt").unlink()
        (folder / "client.crt").symlink_to("elsewhere")
        os.chown(folder / "client.crt", 65534, 65534, follow_symlinks=False)
        run("certs", "create", "--renew")
        found = {p.name: (p.stat().st_uid, p.stat().st_gid, stat.S_IMODE(p.stat().st_mode)) for p in folder.iterdir()}
        assert found["server.key"] == (65534, 65533, 0o600) and found["client.key"] == (0, 65533, 0o640)
        assert found["client.crt"] == (0, 0, 0o644) and not (folder / "client.crt").is_symlink()
        assert sorted(found) == NAMES

    def test_new_keys_are_their_owners_only(self, run, tmp_path):
        """Those of a new CA above all. The webhook's own service may read its key as a member of the group."""
        run("certs", "create")
        folder = tmp_path / "certs"
        for name in ("ca.key", "server.key", "client.key"):
            (folder / name).chmod(0o640)
        run("certs", "create", "--force")
        found = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir() if p.suffix == ".key"}
        assert found == {"ca.key": 0o600, "server.key": 0o640, "client.key": 0o600}

    def test_renew_that_fails_changes_nothing(self, run, tmp_path):
        run("certs", "create")
        folder = tmp_path / "certs"
        (folder / "client.key").unlink()
        (folder / "client.key").mkdir()
        before = {p.name: p.is_file() and p.read_bytes() for p in folder.iterdir()}
        assert "certs/client.key: this is a folder" in run("certs", "create", "--renew", status=2).stderr
        assert {p.name: p.is_file() and p.read_bytes() for p in folder.iterdir()} == before

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
            # All values that are refused are in CertificateRequestTests.swift.
            ["--host", "https://a.example"], ["--days", "0"], ["--days", "x"], ["surplus"],
        ],
    )  # fmt: skip
    def test_wrong_usage_makes_nothing(self, run, tmp_path, arguments):
        run("certs", "create", *arguments, status=64)
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_cannot_be_made(self, run, tmp_path):
        (tmp_path / "file").write_text("")
        assert "file/below" in run("certs", "create", "--out", "file/below", status=2).stderr

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can have mounts of its own")
    def test_the_systems_folders_are_wrong_usage(self):
        """In mounts of its own: nothing of it reaches this machine, whatever the program does."""
        script = """
            mount -t tmpfs tmpfs /srv && mkdir /srv/own && ln -s /srv /srv/own/link && cd /srv || exit 9
            for words in "--out /srv" "--out ." "--out /srv/own/link --force" "--out own/../ --renew"; do
                "$0" certs create $words 2>>said
                echo $?
            done
            [ "$(ls)" = "own
said" ] && "$0" certs create --out own/certs && ls own/certs && rm -r /srv/* && "$0" certs create --out /srv && ls
        """
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", script, BINARY], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert done.stdout.splitlines()[:4] == ["64"] * 4, done.stdout
        assert [line for line in done.stdout.splitlines() if line in NAMES] == NAMES * 2, done.stdout

    def test_json_holds_what_the_text_shows(self, run, tmp_path):
        made = json.loads(run("certs", "create", "--output", "json").stdout)
        assert sorted(pathlib.Path(f["path"]).name for f in made["files"]) == NAMES
        assert made["hosts"] == ["localhost", "127.0.0.1", "::1"] and made["clientName"] == "kube-apiserver"


class TestShow:
    def show(self, run, *arguments, status=0):
        return json.loads(run("certs", "show", "--output", "json", *map(str, arguments), status=status).stdout)

    def test_certs_show_agrees_with_cryptography(self, run, tmp_path):
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

    def test_chains_in_the_wrong_order_are_found(self, run, tmp_path):
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
