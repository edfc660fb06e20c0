"""Connections to an authority in real networks: proxies, private CAs, IPv6, names with dead addresses."""

import os
import shutil
import ssl
import subprocess
import time

import pytest
from entra import TENANT
from key_outages import BlackHole, causes, refreshes
from proxy import Proxy
from webhook import PROGRAM, reason, run, wait_for

SECRET = "pass:w@rd%25"


def fetch(certificates, authority, out, *options, env=None, ca=True):
    arguments = ["keys", "fetch", "--tenant-id", TENANT, "--authority", authority, "--out", str(out), *options]
    if ca:
        arguments += ["--authority-ca", certificates.path("ca.crt")]
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("proxy")}
    return run(*arguments, env={**clean, **(env or {})})


@pytest.fixture
def proxy(certificates):
    proxies = []

    def make(*arguments, **keywords):
        proxies.append(Proxy(*arguments, **keywords))
        return proxies[-1]

    yield make
    for made in proxies:
        made.close()


@pytest.mark.parametrize("setting", ["proxy", "HTTPS_PROXY", "https_proxy"])
def test_keys_come_through_a_proxy_with_credentials(online, proxy, setting):
    entra, make = online
    gate = proxy(credentials="kube:" + SECRET)
    address = f"http://kube:pass:w%40rd%2525@127.0.0.1:{gate.port}"
    webhook = make(**({"proxy": address} if setting == "proxy" else {"env": {setting: address}}))
    assert reason(webhook.review(entra.token())) == "accepted"
    assert set(gate.targets) == {f"localhost:{entra.port}"}
    assert len(gate.targets) == 4
    page = webhook.get("/statusz")[1] + webhook.get("/metrics")[1] + webhook.log()
    for secret in ["w@rd", "w%40rd", "kube:", "a3ViZTpwYXNz"]:
        assert secret not in page


def test_a_proxy_over_tls(certificates, online, proxy):
    entra, make = online
    gate = proxy(credentials="kube:secret", certificates=certificates)
    webhook = make(proxy=f"https://kube:secret@localhost:{gate.port}")
    assert reason(webhook.review(entra.token())) == "accepted"
    assert len(gate.targets) == 4


@pytest.mark.parametrize(
    "exceptions",
    [
        "localhost",
        "LOCALHOST",
        ".localhost",
        "other.example, localhost",
        "localhost:PORT",
        "*",
        "host.example localhost",
    ],
)
def test_hosts_that_no_proxy_names_are_reached_directly(certificates, online, proxy, tmp_path, exceptions):
    entra, _ = online
    gate = proxy()
    env = {"HTTPS_PROXY": f"http://127.0.0.1:{gate.port}", "NO_PROXY": exceptions.replace("PORT", str(entra.port))}
    code, _, err = fetch(certificates, entra.authority, tmp_path / "keys.json", env=env)
    assert code == 0, err
    assert gate.targets == []


@pytest.mark.parametrize(
    "exceptions, goes",
    [
        ("127.0.0.1", False),
        ("127.0.0.0/8", False),
        ("127.0.0.1:PORT", False),
        ("127.0.0.1:1", True),
        ("128.0.0.0/8", True),
        ("27.0.0.1", True),
        ("local", True),
        ("", True),
        ("::1", True),
        ("nonsense/99", True),
    ],
)
def test_addresses_and_networks_in_no_proxy(certificates, online, proxy, tmp_path, exceptions, goes):
    entra, _ = online
    entra.stop()
    entra.start(host="127.0.0.1")
    gate = proxy()
    env = {"HTTPS_PROXY": f"127.0.0.1:{gate.port}", "no_proxy": exceptions.replace("PORT", str(entra.port))}
    code, _, err = fetch(certificates, entra.authority, tmp_path / "keys.json", env=env)
    assert code == 0, err
    assert bool(gate.targets) == goes


REFUSALS = [
    ("404", b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", "status 404"),
    ("403 without an end", b"HTTP/1.1 403 Forbidden\r\n\r\n<html>", "status 403"),
    ("502", b"HTTP/1.0 502 Bad Gateway\r\n\r\n", "status 502"),
    ("no HTTP", b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "did not answer in HTTP"),
    ("silence, then the end", b"", "did not answer in HTTP"),
    ("an endless head", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000, "did not answer in HTTP"),
    ("a word before its turn", b"HTTP/1.1 200 OK\r\n\r\nhello", "did not answer in HTTP"),
    ("no TLS behind it", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "ended before|closed during"),
]


@pytest.mark.parametrize("answer, words", [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_a_proxy_that_refuses_is_named(certificates, online, proxy, tmp_path, answer, words):
    entra, _ = online
    gate = proxy()
    gate.answer = answer
    code, _, err = fetch(
        certificates, entra.authority, tmp_path / "keys.json", "--proxy", f"http://127.0.0.1:{gate.port}"
    )
    assert code == 2
    assert any(word in err for word in words.split("|")), err
    assert not (tmp_path / "keys.json").exists()


def test_a_proxy_that_wants_other_credentials_is_told_at_once(certificates, online, proxy, tmp_path):
    entra, _ = online
    gate = proxy(credentials="kube:secret")
    start = time.time()
    code, _, err = fetch(
        certificates, entra.authority, tmp_path / "keys.json", "--proxy", f"http://kube:WRONG@127.0.0.1:{gate.port}"
    )
    assert code == 2
    assert "status 407" in err and "WRONG" not in err
    # Its answer has a body, and the connection stays open.
    assert time.time() - start < 8


def test_a_proxy_that_is_slow_or_not_there(certificates, online, proxy, tmp_path):
    entra, make = online
    gate = proxy()
    webhook = make(refreshEvery="1s", proxy=f"http://127.0.0.1:{gate.port}")
    gate.delay = 30
    start = len(webhook.log())
    wait_for(lambda: any("did not open a tunnel within" in line for line in causes(webhook, start)), 15)
    assert reason(webhook.review(entra.token())) == "accepted"
    gate.close()
    code, _, err = fetch(
        certificates, entra.authority, tmp_path / "keys.json", "--proxy", f"http://127.0.0.1:{gate.port}"
    )
    assert code == 2
    assert "the proxy cannot be reached" in err
    assert err.count(f"the proxy is 127.0.0.1:{gate.port} (from --proxy)") == 1
    named = f"the proxy is 127.0.0.1:{gate.port} (from signingKeys.proxy)"
    wait_for(lambda: any("cannot be reached" in line and named in line for line in causes(webhook, start)), 15)


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1080", "http://", "http://host:port"])
def test_a_proxy_that_means_nothing_is_no_way_around_it(certificates, online, tmp_path, address):
    entra, _ = online
    code, _, err = fetch(certificates, entra.authority, tmp_path / "keys.json", env={"HTTPS_PROXY": address})
    assert code == 2
    assert "HTTPS_PROXY is not the address of an HTTP proxy" in err
    assert entra.fetches() == 0
    code, _, err = fetch(certificates, entra.authority, tmp_path / "keys.json", "--proxy", address)
    assert code == 64


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_serve_does_not_start_with_an_authority_ca_of_no_use(certificates, online, content):
    _, make = online
    path = certificates.path("absent-ca.crt")
    if content is not None:
        path = certificates.path("bad-ca.crt")
        with open(path, "w") as file:
            file.write(content)
    with pytest.raises(
        AssertionError, match="error: tenants\\[0\\].authorityCA: .*(no such file|no certificate in PEM)"
    ):
        make(ready=False, ca=path)


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_an_authority_ca_that_is_damaged_later(certificates, online, content):
    entra, make = online
    path = certificates.path("changing-ca.crt")
    shutil.copy(certificates.path("ca.crt"), path)
    webhook = make(ca=path, refreshEvery="1s")
    if content is None:
        os.remove(path)
    else:
        with open(path, "w") as file:
            file.write(content)
    wait_for(lambda: refreshes(webhook, "failure") >= 1)
    assert "certificate" in causes(webhook, 0)[0] or "no such file" in causes(webhook, 0)[0]
    # The last good keys stay, and a reload is refused until the file is right again.
    assert webhook.get("/readyz")[0] == 200
    # It is read again for each attempt.
    shutil.copy(certificates.path("ca.crt"), path)
    good = refreshes(webhook, "success")
    wait_for(lambda: refreshes(webhook, "success") > good)
    os.remove(path)


def test_keys_are_fetched_over_ipv6(certificates, tmp_path):
    from entra import Entra

    entra = Entra(str(tmp_path), certificates)
    try:
        entra.start("entra-ipv6", host="[::1]", address="::1")
    except OSError:
        pytest.skip("this host has no IPv6")
    code, _, err = fetch(certificates, entra.authority, tmp_path / "keys.json")
    assert code == 0, err
    assert entra.hosts == {f"[::1]:{entra.port}"}
    # The certificate must be for the address itself.
    entra.stop()
    entra.start("entra", host="[::1]", address="::1")
    code, _, err = fetch(certificates, entra.authority, tmp_path / "other.json")
    assert code == 2
    assert "for another name" in err
    entra.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version, goes", [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_tls_1_2_is_the_least(certificates, online, tmp_path, version, goes):
    entra, _ = online
    only = getattr(ssl.TLSVersion, version)
    entra.context.set_ciphers("ALL:@SECLEVEL=0")
    entra.context.minimum_version = min(only, ssl.TLSVersion.TLSv1_2)
    entra.context.maximum_version = only
    entra.context.minimum_version = only
    code, _, err = fetch(certificates, entra.authority, tmp_path / "keys.json")
    assert code == (0 if goes else 2), err
    if not goes:
        assert "TLS failed" in err


def private(script, *arguments):
    """A root shell with its own mounts, so that system files can be replaced."""
    command = ["unshare", "-m", "bash", "-euc", script, "bash", *arguments]
    if os.geteuid() != 0:
        command = ["sudo", "-n", *command]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def can_mount():
    return shutil.which("unshare") and private("mount -t tmpfs none /mnt").returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
class TestCoveredFiles:
    FETCH = 'p=$1 out=$2; shift 2; exec "$p" keys fetch --out "$out" "$@"'

    def fetch(self, script, authority, out, *options):
        return private(
            f"{script}\nunset HTTPS_PROXY https_proxy\n{self.FETCH}",
            PROGRAM,
            str(out),
            "--tenant-id",
            TENANT,
            "--authority",
            authority,
            *options,
        )

    def test_a_name_with_dead_addresses(self, certificates, online, tmp_path):
        """Refused, silent, and finally the good one: all are tried within the connect timeout."""
        entra, _ = online
        entra.stop()
        entra.start("entra-several", host="several.example")
        hole = BlackHole("127.0.0.9", entra.port)
        hosts = tmp_path / "hosts"
        try:
            for dead in ["127.0.0.8", "127.0.0.9", "::1", "127.0.0.7 127.0.0.9"]:
                hosts.write_text("".join(f"{address} several.example\n" for address in dead.split() + ["127.0.0.1"]))
                start = time.time()
                done = self.fetch(
                    f"mount --bind {hosts} /etc/hosts",
                    entra.authority,
                    tmp_path / "keys.json",
                    "--authority-ca",
                    certificates.path("ca.crt"),
                )
                assert done.returncode == 0, done.stderr
                assert time.time() - start < 12
            hosts.write_text("127.0.0.7 several.example\n127.0.0.9 several.example\n")
            done = self.fetch(
                f"mount --bind {hosts} /etc/hosts",
                entra.authority,
                tmp_path / "keys.json",
                "--authority-ca",
                certificates.path("ca.crt"),
            )
            assert done.returncode == 2
            assert "no connection within the time allowed" in done.stderr or "refused" in done.stderr
        finally:
            hole.close()

    @pytest.mark.parametrize(
        "layout",
        [
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "/etc/ssl/ca-bundle.pem",
        ],
    )
    def test_the_systems_authorities_are_found_in_every_layout(self, certificates, online, tmp_path, layout):
        entra, _ = online
        empty = (
            "mount -t tmpfs none /mnt\ncp -a /etc /mnt/etc\nrm -rf /mnt/etc/ssl/certs /mnt/etc/pki\n"
            "mount --bind /mnt/etc /etc\nunset SSL_CERT_FILE SSL_CERT_DIR\n"
        )
        place = f"mkdir -p $(dirname {layout})\ncp {certificates.path('ca.crt')} {layout}\n"
        done = self.fetch(empty + place, entra.authority, tmp_path / "keys.json")
        assert done.returncode == 0, done.stderr
        done = self.fetch(empty, entra.authority, tmp_path / "keys.json")
        assert done.returncode == 2
        assert "trusted certificates were not found" in done.stderr


def test_authorities_from_the_environment(certificates, online, tmp_path):
    entra, _ = online
    ca = certificates.path("ca.crt")
    code, _, err = fetch(certificates, entra.authority, tmp_path / "keys.json", ca=False, env={"SSL_CERT_FILE": ca})
    assert code == 0, err
    folder = tmp_path / "authorities"
    folder.mkdir()
    shutil.copy(ca, folder / "ca.pem")
    subprocess.run(["openssl", "rehash", str(folder)], check=True)
    code, _, err = fetch(
        certificates, entra.authority, tmp_path / "keys.json", ca=False, env={"SSL_CERT_DIR": str(folder)}
    )
    assert code == 0, err
    code, _, err = fetch(
        certificates,
        entra.authority,
        tmp_path / "keys.json",
        ca=False,
        env={"SSL_CERT_FILE": certificates.path("other-ca.crt")},
    )
    assert code == 2
    assert "not issued by a trusted authority" in err
