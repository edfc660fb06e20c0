"""`credential`: what kubectl gets from the plugin goes through unchanged, and one line says what is wrong with it."""

import hashlib
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time

import pytest
import yaml
from entra import ADMINS, AUDIENCE, CLIENT, DEVELOPERS, LEFT_OUT, OTHER_TENANT, TENANT, merged
from webhook import PROGRAM, run

SUBJECTS = ["user", "guest", "app", "managedIdentity"]


def credential(token, version="v1beta1", **status):
    return json.dumps(
        {
            "kind": "ExecCredential",
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "spec": {},
            "status": {"expirationTimestamp": "2030-01-01T00:00:00Z", "token": token, **status},
        }
    )


def hints(**tenant):
    return {
        "apiVersion": "kube-entra.dev/v1",
        "kind": "TokenHints",
        "writtenAt": "2026-01-01T00:00:00Z",
        "configurationSHA256": "00",
        "clockSkew": "60s",
        "tenants": [
            merged(
                {
                    "tenantID": TENANT,
                    "cloud": "public",
                    "authority": None,
                    "audiences": [AUDIENCE],
                    "allowedClientAppIDs": [],
                    "subjects": SUBJECTS,
                    "maximumTokenLifetime": "29h",
                    "groupOverage": "deny",
                    "proofOfPossession": "off",
                    "clusterHost": None,
                },
                tenant,
            )
        ],
    }


@pytest.fixture(scope="module")
def issuer(tmp_path_factory, certificates):
    from entra import Entra

    return Entra(str(tmp_path_factory.mktemp("credential")), certificates)


@pytest.fixture
def wrapped(tmp_path):
    """Runs `credential` with a plugin that prints a given output."""

    def call(output, *options, given=None, script=None, env=None, input=b""):
        data = output.encode() if isinstance(output, str) else output
        (tmp_path / "output").write_bytes(data)
        plugin = tmp_path / "plugin"
        plugin.write_text("#!/bin/sh\n" + (script or f"cat {tmp_path}/output\n"))
        plugin.chmod(0o755)
        arguments = ["--hints", json.dumps(given)] if given is not None else []
        done = subprocess.run(
            [PROGRAM, "credential", *arguments, *options, "--", str(plugin), "get-token"],
            input=input,
            capture_output=True,
            timeout=60,
            env=env,
        )
        return done.returncode, done.stdout, done.stderr.decode()

    return call


REFUSED = [
    ("issued by another tenant", "issuer_not_trusted", {"tenant": OTHER_TENANT}, {}),
    ("a tenant that its issuer does not stand for", "tenant_mismatch", {"tid": OTHER_TENANT}, {}),
    ("an ID token", "token_kind_not_accepted", {"appid": LEFT_OUT}, {}),
    ("made for another application", "audience_not_accepted", {"aud": CLIENT}, {}),
    ("expired", "token_expired", {"iat": 1, "nbf": 1, "exp": 3601}, {}),
    ("from the future", "token_not_yet_valid", {"nbf": 4_000_000_000, "exp": 4_000_003_600}, {}),
    ("valid for three days", "token_lifetime_too_long", {"exp": int(time.time()) + 260_000}, {}),
    ("asked for by another application", "client_app_not_allowed", {}, {"allowedClientAppIDs": [AUDIENCE]}),
    (
        "an application where only users may",
        "subject_kind_not_allowed",
        {"idtyp": "app", "upn": LEFT_OUT},
        {"subjects": ["user"]},
    ),
    ("bound and without an envelope", "proof_of_possession_required", {"cnf": {"kid": "x"}}, {}),
    (
        "a bearer token where proof is required",
        "proof_of_possession_required",
        {},
        {"proofOfPossession": "require", "clusterHost": "cluster.example"},
    ),
]


@pytest.mark.parametrize("name,code,claims,tenant", REFUSED, ids=[entry[0] for entry in REFUSED])
@pytest.mark.parametrize("api", ["v1", "v1beta1"])
def test_a_token_that_the_hints_refuse_gets_one_line(issuer, wrapped, name, code, claims, tenant, api):
    token = issuer.token(**claims)
    output = credential(token, api)
    status, out, err = wrapped(output, given=hints(**tenant))
    assert (status, out.decode()) == (0, output)
    digest = hashlib.sha256(token.encode()).hexdigest()[:12]
    assert re.fullmatch(rf"kube-entra: {code}: [^\n]+ → [^\n]+ \(token {digest}\)\n", err), err
    assert len(err.encode()) <= 601 and token.split(".")[1] not in err and "\x1b" not in err
    status, out, strict = wrapped(output, "--strict", given=hints(**tenant))
    assert (status, out, strict) == (1, b"", err)


def test_the_sentence_is_the_webhooks_own(entra, wrapped, webhook):
    token = entra.token(aud=CLIENT)
    _, _, err = wrapped(credential(token), given=hints())
    error = webhook.review(token)["error"]
    assert error.partition(" (decision")[0] in err


def test_a_good_token_passes_without_a_word(issuer, wrapped):
    output = credential(issuer.token())
    for given in (None, hints()):
        assert wrapped(output, given=given) == (0, output.encode(), "")


QUIET = [
    (
        "groups that only the webhook knows",
        {
            "groups": LEFT_OUT,
            "_claim_names": {"groups": "src1"},
            "_claim_sources": {"src1": {"endpoint": "https://graph.example"}},
        },
    ),
    ("groups of another form", {"groups": "none"}),
    ("a user name that is reserved", {"upn": "system:admin"}),
]


@pytest.mark.parametrize("name,claims", QUIET, ids=[entry[0] for entry in QUIET])
def test_what_hints_cannot_know_is_not_guessed(issuer, wrapped, name, claims):
    output = credential(issuer.token(**claims))
    assert wrapped(output, "--strict", given=hints()) == (0, output.encode(), "")


def test_a_key_that_nobody_knows_and_a_wrong_signature_are_for_the_webhook(issuer, wrapped):
    for token in (issuer.token(header={"kid": "unknown"}), issuer.token()[:-8] + "AAAAAAAA"):
        assert wrapped(credential(token), "--strict", given=hints()) == (0, credential(token).encode(), "")


def test_the_issuer_is_asked_before_the_form_of_the_claims(issuer, wrapped):
    _, _, err = wrapped(credential(issuer.token(tenant=OTHER_TENANT, exp="soon")), given=hints())
    assert err.startswith("kube-entra: issuer_not_trusted: ")


@pytest.mark.parametrize(
    "claims,code",
    [
        ({"iat": 1, "nbf": 1, "exp": 3601}, "token_expired"),
        ({"appid": LEFT_OUT}, "token_kind_not_accepted"),
        ({"cnf": {"kid": "x"}}, "proof_of_possession_required"),
    ],
)
def test_without_hints_the_token_says_what_is_wrong_with_itself(issuer, wrapped, claims, code):
    assert wrapped(credential(issuer.token(**claims)))[2].startswith(f"kube-entra: {code}: ")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": CLIENT},
        {"tenant": OTHER_TENANT},
        {"iss": "https://accounts.google.com"},
        {"iss": "https://kubernetes.default.svc", "appid": LEFT_OUT, "tid": LEFT_OUT},
    ],
)
def test_without_hints_every_audience_and_issuer_may_be_right(issuer, wrapped, claims):
    assert wrapped(credential(issuer.token(**claims)))[2] == ""


def test_a_token_that_ends_soon_is_a_warning_and_no_refusal(issuer, wrapped):
    output = credential(issuer.token(exp=int(time.time()) + 120))
    for options in ((), ("--strict",)):
        status, out, err = wrapped(output, *options, given=hints())
        assert (status, out) == (0, output.encode())
        assert re.fullmatch(r"kube-entra: the token ends in [^\n]+ → [^\n]+\n", err)


def test_a_clock_that_is_behind_shows_in_the_token(issuer, wrapped):
    now = int(time.time())
    _, _, err = wrapped(credential(issuer.token(iat=now + 50, nbf=now + 50)), given=hints())
    assert re.fullmatch(r"kube-entra: this computer's clock is at least [^\n]+ behind[^\n]+ → [^\n]+\n", err)


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"no JSON",
        b"{}",
        b"\x00\xff" * 100,
        b"x" * ((1 << 20) + 7),
        b"y" * (5 << 20),
        credential("t", "v1alpha1").encode(),
        json.dumps({"kind": "ExecCredential"}).encode(),
        credential("", clientCertificateData="PEM").encode(),
    ],
    ids=range(9),
)
def test_what_is_no_credential_passes_without_a_word(wrapped, output):
    assert wrapped(output, "--strict", given=hints()) == (0, output, "")


def test_status_standard_error_and_standard_input_are_the_commands_own(wrapped, issuer):
    assert wrapped("", script="cat\necho said >&2\nexit 42\n", input=b"asked", given=hints()) == (
        42,
        b"asked",
        "said\n",
    )
    bad = credential(issuer.token(aud=CLIENT))
    assert wrapped(bad, "--strict", script="cat $(dirname $0)/output; exit 3\n", given=hints()) == (3, bad.encode(), "")


def test_the_environment_goes_through(wrapped):
    env = {**os.environ, "KUBERNETES_EXEC_INFO": '{"spec":{"interactive":true}}'}
    assert wrapped("", script='printf %s "$KUBERNETES_EXEC_INFO"\n', env=env)[1] == b'{"spec":{"interactive":true}}'


def test_a_command_that_a_signal_ended(wrapped):
    assert wrapped("", script="kill -9 $$\n")[0] == 137
    assert wrapped("", script="kill -TERM $$\n")[0] == 143


def test_a_grandchild_that_holds_the_pipe_does_not_hold_kubectl(wrapped, issuer):
    output = credential(issuer.token())
    started = time.time()
    assert wrapped(
        output, script="(sleep 300 2>/dev/null) & echo $! >$(dirname $0)/pid; cat $(dirname $0)/output\n", given=hints()
    ) == (0, output.encode(), "")
    assert time.time() - started < 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_from_somebody_else_is_passed_on(tmp_path, number):
    script = tmp_path / "plugin"
    script.write_text(
        f"#!/bin/sh\ntrap 'echo caught; exit 7' {signal.Signals(number).name[3:]}\necho ready >&2\n"
        "while :; do sleep 0.05; done\n"
    )
    script.chmod(0o755)
    process = subprocess.Popen(
        [PROGRAM, "credential", "--", str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stderr.readline() == b"ready\n"
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (7, b"caught\n")


def test_control_c_reaches_the_command_once(tmp_path):
    """The terminal sends it to the whole group: passed on, it would be there twice."""
    script = tmp_path / "plugin"
    script.write_text(
        "#!/usr/bin/env python3\nimport signal, time\ncount = 0\n"
        "def caught(*_):\n    global count\n    count += 1\n"
        "signal.signal(signal.SIGINT, caught)\nprint('ready', flush=True)\nend = time.time() + 1.5\n"
        f"while time.time() < end: time.sleep(0.05)\nopen({str(tmp_path / 'count')!r}, 'w').write(str(count))\n"
    )
    script.chmod(0o755)
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PROGRAM, [PROGRAM, "credential", "--", "/bin/sh", "-c", f"{script} >&2"])
    shown = b""
    while b"ready" not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    os.waitpid(pid, 0)
    os.close(terminal)
    assert (tmp_path / "count").read_text() == "1"


@pytest.mark.parametrize(
    "arguments,status",
    [
        ([], 64),
        (["--"], 64),
        (["kubelogin"], 64),
        (["--nonsense", "--", "true"], 64),
        (["--", "/no/such/program"], 127),
        (["--", "no-such-program-anywhere"], 127),
        (["--", "/etc/passwd"], 126),
        (["--", "/etc"], 126),
    ],
)
def test_wrong_usage_and_commands_that_cannot_be_run(arguments, status):
    done = subprocess.run([PROGRAM, "credential", *arguments], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (status, b"") and done.stderr


@pytest.mark.parametrize("broken", ["{", '{"kind":"Other"}', '{"kind":"TokenHints","tenants":[]}', "/no/such/file"])
def test_hints_that_cannot_be_read_are_said_and_the_token_is_handed_over(issuer, wrapped, broken, tmp_path):
    output = credential(issuer.token())
    status, out, err = wrapped(output, "--hints", broken)
    assert (status, out) == (0, output.encode()) and len(err.splitlines()) == 1 and "hints" in err
    status, out, err = wrapped(output, "--hints", broken, "--strict", script=f"touch {tmp_path}/ran\n")
    assert (status, out) == (2, b"") and not (tmp_path / "ran").exists()


def test_hints_of_another_version_are_used_as_far_as_they_go(issuer, wrapped):
    given = hints(cloud="public", subjects=["user", "robot"], later={"x": 1})
    given["apiVersion"] = "kube-entra.dev/v7"
    app = issuer.token(idtyp="app", upn=LEFT_OUT)
    assert wrapped(credential(app), "--strict", given=given)[2] == ""
    assert "audience_not_accepted" in wrapped(credential(issuer.token(aud=CLIENT)), given=given)[2]
    given["tenants"].append({"tenantID": OTHER_TENANT, "cloud": "moon"})
    assert wrapped(credential(issuer.token(tenant=OTHER_TENANT)), given=given)[2] == ""


def test_config_hints_say_what_anybody_may_know_and_nothing_else(tmp_path):
    config = {
        "apiVersion": "kube-entra.dev/v1",
        "kind": "WebhookConfiguration",
        "server": {"certificate": "s.crt", "privateKey": "s.key", "clientCA": "c.crt"},
        "tenants": [
            {
                "tenantID": TENANT,
                "audiences": [AUDIENCE],
                "adminGroupObjectIDs": [ADMINS],
                "requiredClaims": {"acrs": "secret-context"},
                "groupMappings": [{"groupObjectID": DEVELOPERS, "kubernetesGroups": ["secret-group"]}],
                "appRoleMappings": [{"appRole": "Secret.Role", "kubernetesGroups": ["secret-group"]}],
                "signingKeys": {"file": "secret-keys.json"},
            }
        ],
    }
    file = tmp_path / "kube-entra.yaml"
    file.write_text(yaml.safe_dump(config))
    status, out, err = run("config", "hints", str(file))
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert list(result) == ["apiVersion", "kind", "writtenAt", "configurationSHA256", "clockSkew", "tenants"]
    assert (
        result["kind"] == "TokenHints"
        and result["configurationSHA256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    )
    assert list(result["tenants"][0]) == list(hints()["tenants"][0])
    assert result["tenants"][0]["audiences"] == [AUDIENCE]
    for secret in (ADMINS, DEVELOPERS, "secret", "Secret", ".crt", ".key", str(tmp_path)):
        assert secret not in out
    assert run("config", "hints", str(tmp_path / "none.yaml"))[0] == 2


def test_it_opens_no_socket(tmp_path, issuer):
    (tmp_path / "output").write_text(credential(issuer.token(aud=CLIENT)))
    trace = tmp_path / "trace"
    done = subprocess.run(
        [
            "strace",
            "-f",
            "-e",
            "trace=socket,connect",
            "-o",
            str(trace),
            PROGRAM,
            "credential",
            "--hints",
            json.dumps(hints()),
            "--",
            "cat",
            str(tmp_path / "output"),
        ],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0 and b"audience_not_accepted" in done.stderr
    assert "socket(" not in trace.read_text() and "connect(" not in trace.read_text()


# Behind a real kubectl


class Unauthorized(http.server.BaseHTTPRequestHandler):
    """An API server without a signed-in user."""

    protocol_version = "HTTP/1.1"
    seen = []

    def do_GET(self):
        Unauthorized.seen.append(self.headers["Authorization"])
        body = json.dumps(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": "Unauthorized",
                "reason": "Unauthorized",
                "code": 401,
            }
        ).encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def api_server(certificates):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Unauthorized)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.path("server.crt"), certificates.path("server.key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("name,code,claims,tenant", REFUSED, ids=[entry[0] for entry in REFUSED])
def test_kubectl_shows_the_reason_above_its_own_error(
    issuer, certificates, api_server, tmp_path, name, code, claims, tenant
):
    config = tmp_path / "kube-entra.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kube-entra.dev/v1",
                "kind": "WebhookConfiguration",
                "server": {"certificate": "s.crt", "privateKey": "s.key", "clientCA": "c.crt"},
                "tenants": [
                    {"tenantID": TENANT, "audiences": [AUDIENCE], "signingKeys": {"file": "keys.json"}, **tenant}
                ],
            }
        )
    )
    kubeconfig = tmp_path / "kubeconfig"
    login = ["--login", "interactive"] if tenant.get("proofOfPossession") else []
    made = run(
        "kubeconfig",
        "user",
        "--server",
        api_server,
        "--ca",
        certificates.path("ca.crt"),
        "--config",
        str(config),
        "--explain",
        *login,
        "--out",
        str(kubeconfig),
    )
    assert made[0] == 0, made
    entry = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["exec"]
    assert entry["command"] == "kube-entra" and entry["args"][0] == "credential" and "--strict" not in entry["args"]
    assert entry["args"][entry["args"].index("--") + 1 :][:2] == ["kubelogin", "get-token"]
    assert "kube-entra" in entry["installHint"] and "kubelogin" in entry["installHint"]
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "kube-entra").symlink_to(os.path.realpath(PROGRAM))
    token = issuer.token(**claims)
    (tmp_path / "output").write_text(credential(token))
    (programs / "kubelogin").write_text(f"#!/bin/sh\nexec cat {tmp_path}/output\n")
    (programs / "kubelogin").chmod(0o755)
    done = subprocess.run(
        ["kubectl", "--kubeconfig", str(kubeconfig), "get", "--raw", "/api"],
        capture_output=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
    )
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert any(line.startswith(f"kube-entra: {code}: ") for line in lines), lines
    assert "Bearer " + token in Unauthorized.seen


def test_an_explaining_kubeconfig_needs_a_configuration_and_the_exec_form():
    for options in (["--explain", "--server-id", AUDIENCE], ["--explain", "--config", "x.yaml", "--format", "azure"]):
        status, out, _ = run("kubeconfig", "user", "--server", "https://c.example", *options)
        assert (status, out) == (64, "")
