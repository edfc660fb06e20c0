"""The package in Debian 13, with its OpenSSL: hybrid key exchange, and a FIPS provider that works."""

import os
import pathlib
import shutil
import subprocess

import pytest
import yaml
from bare_root import archive, needs_root
from released import one, run
from webhook import PROGRAM, Webhook, configuration, reason

pytestmark = [needs_root]
PACKAGES = ["openssl", "openssl-provider-fips", "libssl3t64", "libjansson4", "libyaml-0-2", "ca-certificates"]
FOLDER = "/etc/kube-entra"
# As openssl-provider-fips and fips_module(7) say.
INSTALL_FIPS = r"""
set -e
openssl fipsinstall -quiet -out /etc/ssl/fipsmodule.cnf -module /usr/lib/*/ossl-modules/fips.so
sed -i -e 's|^# *\.include.*fipsmodule.cnf|.include /etc/ssl/fipsmodule.cnf|' \
    -e 's|^# *fips = fips_sect|fips = fips_sect|' -e 's|^# *activate = 1|activate = 1|' /etc/ssl/openssl.cnf
"""


def inside(root, *words):
    """The words as a command in the root, with /proc."""
    script = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", script, str(root), *words]


@pytest.fixture(scope="module")
def root(tmp_path_factory, release):
    if "libswift" in run("ldd", PROGRAM):
        pytest.skip("this program needs Swift's libraries: build it for release, with --static-swift-stdlib")
    folder = tmp_path_factory.mktemp("newer") / "root"
    folder.mkdir()
    subprocess.run(["tar", "-C", folder, "--exclude=./dev/*", "-xf", archive(PACKAGES, release="trixie")], check=True)
    # There is no systemd: the package makes its user by itself.
    shutil.copy2(one(release, "kube-entra_*.deb"), folder / "kube-entra.deb")
    run(*inside(folder, "dpkg", "--install", "/kube-entra.deb"))
    run(*inside(folder, "id", "kube-entra"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Rooted(Webhook):
    """A webhook in the root, reached from outside of it."""

    def __init__(self, root, certificates, entra, cryptography):
        self.root = root
        files = pathlib.Path(f"{root}{FOLDER}")
        files.mkdir(parents=True, exist_ok=True)
        for name in ("server.crt", "server.key", "ca.crt", "client.crt", "client.key"):
            shutil.copy2(certificates.path(name), files / name)
        entra.write_key_file(str(files / "keys.json"))
        for path in files.iterdir():
            os.chown(path, 0, 0)

        class Files:
            def path(self, name):
                return str(files / name)

        config = configuration()
        config["server"]["cryptography"] = cryptography
        super().__init__(Files(), config)
        self.program = "/usr/bin/kube-entra"

    def start(self):
        outside, self.config_path = self.config_path, f"{FOLDER}/config.yaml"
        try:
            return super().start(prefix=inside(self.root))
        finally:
            self.config_path = outside

    def ask(self, token):
        """With the program's own client, in the root."""
        done = subprocess.run(
            inside(
                self.root,
                "kube-entra",
                "review",
                "--config",
                f"{FOLDER}/config.yaml",
                "--server",
                f"https://127.0.0.1:{self.port}/authenticate",
                "--ca",
                f"{FOLDER}/ca.crt",
                "--certificate",
                f"{FOLDER}/client.crt",
                "--key",
                f"{FOLDER}/client.key",
                "--output",
                "json",
            ),
            input=token,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return yaml.safe_load(done.stdout)["tls"]["keyExchange"]

    def offers(self, group):
        done = subprocess.run(
            inside(
                self.root,
                "openssl",
                "s_client",
                "-connect",
                f"127.0.0.1:{self.port}",
                "-groups",
                group,
                "-cert",
                f"{FOLDER}/client.crt",
                "-key",
                f"{FOLDER}/client.key",
            ),
            input="",
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode == 0 and "Verification" in done.stdout


def test_the_hybrid_is_preferred_and_an_older_client_is_served(root, certificates, entra):
    webhook = Rooted(root, certificates, entra, "default").start()
    try:
        assert webhook.ask(entra.token()) == "X25519MLKEM768"
        assert webhook.offers("X25519MLKEM768") and webhook.offers("X25519") and webhook.offers("P-256")
        assert not webhook.offers("P-521")
        # By this machine's Python, with an OpenSSL of its own.
        assert reason(webhook.review(entra.token())) == "accepted"
        page = webhook.get("/statusz")[1]
        assert "X25519MLKEM768" in page and "x25519" in page and "OpenSSL 3.5" in page
    finally:
        webhook.stop()


def test_fips_is_the_only_provider_from_the_beginning(root, certificates, entra):
    webhook = Rooted(root, certificates, entra, "fips")
    # The module is there, and has not been set up.
    with pytest.raises(AssertionError, match="the webhook ended"):
        webhook.start()
    assert webhook.process.wait(30) == 2 and "FIPS provider" in webhook.log()
    subprocess.run(inside(root, "sh", "-c", INSTALL_FIPS), check=True)
    webhook.start()
    try:
        assert webhook.ask(entra.token()) == "SecP256r1MLKEM768"
        assert reason(webhook.review(entra.token())) == "accepted"
        assert reason(webhook.review(entra.token(key=entra.foreign))) == "signature_invalid"
        # What the provider does not have is not taken from another one.
        assert not webhook.offers("X25519") and webhook.offers("P-256")
        (line,) = [
            line for line in webhook.get("/metrics")[1].splitlines() if line.startswith("kube_entra_build_info{")
        ]
        assert 'provider="OpenSSL FIPS Provider",provider_version="3.5.' in line and 'self_test="passed"' in line
        assert "OpenSSL FIPS Provider 3.5" in webhook.get("/statusz")[1]
    finally:
        webhook.stop()
