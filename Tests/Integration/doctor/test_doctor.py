"""`doctor` with a stand-in plugin and a stand-in API server. Tokens are made by joserfc."""

import email.utils
import hashlib
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
import time

import pytest
import yaml
from programs import BINARY
from signed_tokens import ADMINS, KEY, SERVER, TENANT, token

OTHER = "99999999-2222-3333-4444-555555555555"
ARGUMENTS = ["get-token", "--login", "devicecode", "--server-id", SERVER, "--tenant-id", TENANT]
ADA = {"username": "ada@example.com", "uid": "1", "groups": ["kube-entra:cluster-admins", "system:authenticated"]}
BASIC = {"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"]}
ALL = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
SOME = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}
SEEN = []


class APIServer(http.server.BaseHTTPRequestHandler):
    """The first part of the path chooses how it behaves."""

    protocol_version = "HTTP/1.1"

    def answer(self, status, body, seconds=0):
        data = json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Date", email.utils.formatdate(time.time() + seconds, usegmt=True))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        way, _, path = self.path[1:].partition("/")
        assert path == "version" and "Authorization" not in self.headers
        if way == "down":
            return self.answer(503, {})
        self.answer(200, {"gitVersion": "v1.34.1"}, {"slow": 450, "fast": -450}.get(way, 0))

    def do_POST(self):
        way, _, path = self.path[1:].partition("/")
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        SEEN.append((way, path, self.headers["Authorization"]))
        if way == "refuses":
            return self.answer(401, {"kind": "Status", "message": "no: " + self.headers["Authorization"]})
        if "selfsubjectreviews" in path:
            if way == "old" or way == "older" and not path.endswith("v1beta1/selfsubjectreviews"):
                return self.answer(404, {})
            user = {"anonymous": {"username": "system:anonymous"}, "other": ADA | {"username": "bob"}}.get(way, ADA)
            return self.answer(
                201, {"kind": "SelfSubjectReview", "apiVersion": sent["apiVersion"], "status": {"userInfo": user}}
            )
        if way == "no-rules":
            return self.answer(403, {})
        rules = {"unbound": [BASIC], "some": [BASIC, SOME], "unknown": []}.get(way, [BASIC, ALL])
        self.answer(
            201, {"kind": "SelfSubjectRulesReview", "status": {"resourceRules": rules, "incomplete": way == "unknown"}}
        )

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doctor")
    subprocess.run([BINARY, "certs", "create", "--host", "127.0.0.1", "--host", "localhost"], cwd=folder, check=True)
    (folder / "keys.json").write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    (folder / "config.yaml").write_text(f"""
apiVersion: kube-entra.dev/v1
kind: WebhookConfiguration
server: {{certificate: certs/server.crt, privateKey: certs/server.key, clientCA: certs/client-ca.crt}}
tenants:
  - tenantID: {TENANT}
    audiences: [{SERVER}]
    adminGroupObjectIDs: [{ADMINS}]
    signingKeys: {{file: keys.json}}
""")
    (folder / "bin").mkdir()
    (folder / "empty").mkdir()
    return folder


@pytest.fixture(scope="module")
def port(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certs/server.crt", folder / "certs/server.key")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), APIServer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


class Bench:
    """One kubeconfig and one plugin, both changed by tests before doctor is run."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.cluster = {"server": f"https://127.0.0.1:{port}/ok", "certificate-authority": "certs/ca.crt"}
        self.exec = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "kubelogin",
            "args": list(ARGUMENTS),
            "installHint": "get kubelogin somewhere\nand more",
        }
        self.user = {"exec": self.exec}
        self.path = f"{folder}/bin:/usr/bin:/bin"
        self.given = token()
        self.variables = {}
        self.gives(self.given)

    def way(self, name):
        self.cluster["server"] = f"https://127.0.0.1:{self.port}/{name}"

    def gives(self, given, version="v1beta1"):
        self.given = given
        self.plugin(
            "cat <<'END'\n"
            + json.dumps(
                {
                    "kind": "ExecCredential",
                    "apiVersion": "client.authentication.k8s.io/" + version,
                    "spec": {},
                    "status": {"token": given, "expirationTimestamp": "2030-01-01T00:00:00Z"},
                }
            )
            + "\nEND"
        )

    def plugin(self, script):
        path = self.folder / "bin/kubelogin"
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)

    def write(self, name="kubeconfig"):
        (self.folder / name).write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "here",
                    "clusters": [{"name": "c", "cluster": self.cluster}],
                    "users": [{"name": "u", "user": self.user}],
                    "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "team"}}],
                }
            )
        )

    def run(self, *arguments, status, output="json"):
        self.write()
        if (
            not any(argument.startswith("--kubeconfig") for argument in arguments)
            and "KUBECONFIG" not in self.variables
        ):
            arguments = ("--kubeconfig", "kubeconfig", *arguments)
        done = subprocess.run(
            [BINARY, "doctor", "--output", output, *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env={"PATH": self.path, "HOME": str(self.folder / "empty")} | self.variables,
        )
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        for part in self.given.split("."):
            assert len(part) < 24 or part not in done.stdout + done.stderr
        if output == "text":
            assert all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout
            return done.stdout
        self.stderr = done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def bench(folder, port):
    return Bench(folder, port)


CONFIG = ("--config", "config.yaml")


def steps(report):
    return {step["name"]: step["status"] for step in report["steps"]}


@pytest.mark.parametrize("arguments", [(), CONFIG])
def test_works(bench, arguments):
    report = bench.run(*arguments, status=0)
    assert report["verdict"] == "signedIn" and report["problem"] is None
    assert steps(report) == dict.fromkeys(
        ["kubeconfig", "apiServer", "clock", "method", "plugin", "token", "identity", "permissions"], "passed"
    )
    assert report["user"]["username"] == "ada@example.com"
    assert report["inspection"]["verdict"] == ("accepted" if arguments else "unverified")
    assert SEEN[-1] == ("ok", "apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "Bearer " + bench.given)


def test_text(bench):
    text = bench.run(*CONFIG, status=0, output="text")
    assert text.startswith("SIGNED IN: the API server knows you as ada@example.com")
    assert "Kubernetes v1.34.1, TLSv1.3" in text
    bench.way("refuses")
    text = bench.run(*CONFIG, status=1, output="text")
    assert text.startswith("NOT WORKING: the API server refuses the token")


def problem(bench, name, sentence, *arguments, hint="", status=1):
    report = bench.run(*arguments, status=status)
    assert report["problem"] == name, report["steps"]
    assert report["verdict"] == ("failed" if status == 1 else "unknown")
    assert sentence in report["message"], report["message"]
    assert hint in (report["hint"] or ""), report["hint"]
    return report


@pytest.mark.parametrize(
    "cluster, sentence, hint, status",
    [
        ({"certificate-authority": "certs/client.crt"}, "not issued by a trusted authority", "the CA in", 1),
        ({"certificate-authority": None}, "not issued by a trusted authority", "this system's CAs", 1),
        ({"certificate-authority": "missing.crt"}, "there is no such file", "certificate-authority", 1),
        ({"certificate-authority-data": "!"}, "no base64", "", 1),
        ({"certificate-authority": "kubeconfig"}, "trusted authorities cannot be used", "", 1),
        ({"tls-server-name": "elsewhere"}, "for another name", "not for elsewhere", 1),
        ({"insecure-skip-tls-verify": True}, "insecure-skip-tls-verify", "certificate-authority-data", 1),
        ({"server": "http://127.0.0.1:1"}, "http://", "https://", 1),
        ({"server": "127.0.0.1:1"}, "no https:// address", "", 1),
        ({"server": "https://127.0.0.1:1"}, "refused", "control plane", 2),
        ({"server": "https://no-such-host.invalid"}, "not found", "VPN", 2),
        ({"proxy-url": "http://127.0.0.1:1"}, "proxy", "proxy-url", 2),
    ],
)
def test_server(bench, cluster, sentence, hint, status):
    bench.cluster |= cluster
    problem(bench, "apiServer", sentence, hint=hint, status=status)


def test_server_name(bench):
    bench.cluster["tls-server-name"] = "localhost"
    assert bench.run(status=0)["verdict"] == "signedIn"


def test_server_down(bench):
    bench.way("down")
    problem(bench, "apiServer", "status 503", status=2)


@pytest.mark.parametrize("way, sentence", [("slow", "7 minutes behind"), ("fast", "minutes ahead of")])
def test_clock(bench, way, sentence):
    bench.way(way)
    # Tokens are judged by the API server's clock, which a token of ten minutes ago passes.
    bench.gives(token(iat=int(time.time()) - 600, nbf=int(time.time()) - 600))
    for arguments in ((), CONFIG):
        report = bench.run(*arguments, status=0)
        assert report["verdict"] == "signedIn" and steps(report)["clock"] == "warning" and sentence in report["message"]
        assert steps(report)["identity"] == steps(report)["permissions"] == "passed"
    text = " ".join(bench.run(status=0, output="text").split())
    assert text.startswith("SIGNED IN, but this host's clock is") and "set the clock" in text


def test_a_token_that_the_servers_clock_refuses_is_not_judged_by_this_hosts(bench):
    bench.way("fast")
    bench.gives(token(iat=int(time.time()), nbf=int(time.time())))
    report = problem(bench, "token", "not valid yet", *CONFIG)
    assert steps(report)["clock"] == "warning"


@pytest.mark.parametrize(
    "audience", ["https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000", "https://management.azure.com/"]
)
def test_a_token_for_another_service_is_not_called_right(bench, audience):
    bench.exec["args"] = ["get-token", "--login", "devicecode", "--server-id", "api://own", "--tenant-id", TENANT]
    bench.gives(token(aud=audience))
    problem(bench, "token", "which is no cluster", hint="--server-id")


def test_an_unchecked_signature_is_not_called_right(bench, folder):
    bench.way("refuses")
    (folder / "no-keys.yaml").write_text(
        (folder / "config.yaml").read_text().replace("file: keys.json", "maximumAge: 24h")
    )
    bench.gives(bench.given[:-6] + "AAAAAA")
    report = problem(bench, "identity", "401", "--config", "no-keys.yaml", hint="--keys")
    assert "the token is right" not in json.dumps(report)


@pytest.mark.parametrize("arguments", [(), ("--config", "no-keys.yaml")])
def test_where_the_reason_stands_and_what_its_absence_means(bench, folder, arguments):
    (folder / "no-keys.yaml").write_text(
        (folder / "config.yaml").read_text().replace("file: keys.json", "maximumAge: 24h")
    )
    bench.way("refuses")
    report = bench.run(*arguments, status=1)
    digest = hashlib.sha256(bench.given.encode()).hexdigest()[:12]
    assert report["tokenSHA256"] == digest and digest in report["hint"]
    assert "Failed to make webhook authenticator request" in report["hint"]


def test_a_cached_token_for_another_application_gets_one_advice(bench):
    bench.gives(token(aud=OTHER))
    report = problem(bench, "token", "kubelogin was asked for a token for", *CONFIG, hint="remove-cache-dir")
    assert [s["name"] for s in report["steps"] if s["status"] == "failed"][0] == "token"
    assert not [s for s in report["steps"] if "--server-id" in (s["hint"] or "")]


AZURE = "kubelogin version \n\ngit hash: {}/0123abcd\n\nGo version: go1.24.7\n\nPlatform: linux/amd64"


@pytest.mark.parametrize(
    "version,arguments,said",
    [
        ("v0.2.11", ["--login", "azurecli"], "#711"),
        ("v0.2.5", ["--login", "azurecli"], "#636"),
        ("v0.2.6", ["--login", "devicecode"], "#641"),
        ("v0.0.31", ["--login", "spn", "--legacy"], "#331"),
        ("v0.0.31", ["--login", "spn"], None),
        ("v0.2.12", ["--login", "azurecli"], None),
        ("v0.1.9", ["--login", "devicecode"], None),
    ],
)
def test_known_faults_of_kubelogin(bench, version, arguments, said):
    (bench.folder / "bin/az").write_text("#!/bin/sh\n")
    (bench.folder / "bin/az").chmod(0o755)
    bench.exec["args"] = ["get-token", *arguments, "--server-id", SERVER, "--tenant-id", TENANT, "--client-id", OTHER]
    bench.variables["AAD_SERVICE_PRINCIPAL_CLIENT_SECRET"] = "x"
    script = (bench.folder / "bin/kubelogin").read_text().partition("\n")[2]
    bench.plugin('if [ "$1" = --version ]; then printf %s "' + AZURE.format(version) + '"; exit; fi\n' + script)
    report = bench.run(status=0)
    found = [s["detail"] for s in report["steps"] if "Azure/kubelogin#" in s["detail"]]
    assert any(said in detail for detail in found) if said else not found
    (bench.folder / "bin/az").unlink()


def test_the_other_program_of_that_name(bench):
    script = (bench.folder / "bin/kubelogin").read_text().partition("\n")[2]
    bench.plugin(
        'if [ "$1" = --version ]; then echo "kubelogin version v1.32.0 (go1.23.4 linux_amd64)"; exit; fi\n' + script
    )
    problem(bench, "method", "int128/kubelogin", hint="azure.github.io/kubelogin")


def test_it_looks_through_credential_and_takes_its_hints(bench):
    hints = json.loads(
        subprocess.run([BINARY, "config", "hints", "config.yaml"], cwd=bench.folder, capture_output=True).stdout
    )
    bench.exec.update(
        command="kube-entra", args=["credential", "--hints", json.dumps(hints), "--", "kubelogin", *bench.exec["args"]]
    )
    report = bench.run(status=0)
    assert "by the plugin kubelogin" in json.dumps(report)
    bench.gives(token(aud="api://other"))
    report = problem(bench, "token", "audience_not_accepted", hint="--server-id")
    assert "kube-entra:" not in bench.stderr
    bench.exec["args"][bench.exec["args"].index(SERVER)] = OTHER
    problem(bench, "method", "which this cluster does not take", hint=SERVER)


# kubectl entra


def entra(bench, *arguments, status, **user):
    bench.write()
    link = bench.folder / "bin/kubectl-entra"
    if not link.is_symlink():
        link.symlink_to(os.path.realpath(BINARY))
    done = subprocess.run(
        [str(link), *arguments],
        cwd=bench.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": bench.path, "HOME": str(bench.folder / "empty"), "KUBECONFIG": "kubeconfig"},
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert bench.given not in done.stdout + done.stderr
    return done.stdout, done.stderr


def test_kubectl_entra_why_is_doctor(bench):
    out, _ = entra(bench, "why", "--output", "json", status=0)
    assert json.loads(out)["verdict"] == "signedIn"


def test_kubectl_entra_whoami(bench, monkeypatch):
    monkeypatch.setitem(ADA, "uid", "0b1ec700-0000-0000-0000-000000000001")
    bench.gives(token(oid="0B1EC700-0000-0000-0000-000000000001"))
    report = json.loads(entra(bench, "whoami", "--output", "json", status=0)[0])
    assert list(report) == ["apiServer", "token", "same"] and report["same"] is True
    assert (
        list(report["apiServer"]) == ["username", "uid", "groups", "extra"]
        and report["apiServer"]["username"] == "ada@example.com"
    )
    assert report["token"]["tokenSHA256"] == hashlib.sha256(bench.given.encode()).hexdigest()[:12]
    assert {"kind", "tenantID", "objectID", "tokenVersion"} <= set(report["token"])
    assert "Both are the same." in entra(bench, "whoami", status=0)[0]
    bench.gives(token(oid=OTHER))
    assert json.loads(entra(bench, "whoami", "--output", "json", status=1)[0])["same"] is False
    bench.way("refuses")
    assert json.loads(entra(bench, "whoami", "--output", "json", status=1)[0])["apiServer"] is None
    bench.cluster["server"] = "https://127.0.0.1:1"
    assert entra(bench, "whoami", "--output", "json", status=2)[0] == ""


def test_kubectl_entra_can_i(bench):
    out, _ = entra(bench, "can-i", status=0)
    assert out == "kubectl auth can-i --list --as=ada@example.com --as-group=kube-entra:cluster-admins\n"
    bench.way("refuses")
    entra(bench, "can-i", status=1)


@pytest.mark.parametrize("words", [(), ("who",), ("serve",), ("doctor",)])
def test_kubectl_entra_names_its_three(bench, words):
    out, err = entra(bench, *words, status=64)
    assert out == "" and all(name in err for name in ("why", "whoami", "can-i"))


@pytest.mark.parametrize(
    "user, sentence, hint",
    [
        ({}, "no way to sign in", "kube-entra kubeconfig user"),
        (
            {"client-certificate": "certs/client.crt", "client-key": "certs/client.key"},
            "client certificate",
            "kubelogin",
        ),
        ({"username": "ada", "password": "x"}, "name and a password", ""),
        (
            {"auth-provider": {"name": "azure", "config": {"apiserver-id": SERVER}}},
            "auth-provider azure",
            "kubelogin convert-kubeconfig -l devicecode",
        ),
        (
            {"auth-provider": {"name": "azure", "config": {"client-secret": "s3cret-s3cret-s3cret-s3cret"}}},
            "azure",
            "-l spn",
        ),
        (
            {"auth-provider": {"name": "azure", "config": {"tenant-id": TENANT, "client-id": OTHER}}},
            "azure",
            "--server-id <server application ID>`",
        ),
        (
            {
                "auth-provider": {
                    "name": "azure",
                    "config": {"apiserver-id": SERVER, "tenant-id": TENANT, "client-id": OTHER, "config-mode": "1"},
                }
            },
            "azure",
            "kubeconfig`; server, client and tenant IDs are taken over",
        ),
        ({"auth-provider": {"name": "azure", "config": {"config-mode": "0"}}}, "azure", "--legacy"),
        ({"auth-provider": {"name": "gcp"}}, "not Entra's", ""),
        ({"tokenFile": "missing"}, "there is no such file", ""),
        ({"token": "two\nlines"}, "characters that no token has", ""),
    ],
)
def test_user(bench, user, sentence, hint):
    bench.user = user
    report = problem(bench, "method", sentence, hint=hint)
    assert "s3cret" not in json.dumps(report)
    assert steps(report)["identity"] == "skipped"


def test_an_old_entry_is_converted_to_what_the_cluster_takes(bench):
    bench.user = {"auth-provider": {"name": "azure", "config": {"apiserver-id": OTHER, "tenant-id": OTHER}}}
    problem(bench, "method", "auth-provider azure", *CONFIG, hint=f"--server-id {SERVER}")
    problem(bench, "method", "auth-provider azure", *CONFIG, hint=f"--tenant-id {TENANT}")


@pytest.mark.parametrize("as_file", [False, True])
def test_fixed_token(bench, as_file):
    (bench.folder / "token").write_text(bench.given + "\n")
    bench.user = {"tokenFile": "token"} if as_file else {"token": bench.given}
    report = bench.run(*CONFIG, status=0)
    assert steps(report)["method"] == "warning" and report["verdict"] == "signedIn"


@pytest.mark.parametrize(
    "change, sentence, hint",
    [
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "v1alpha1", "v1beta1"),
        ({"apiVersion": "client.authentication.k8s.io/v1"}, "interactiveMode", "IfAvailable"),
        ({"apiVersion": "x"}, "no apiVersion", ""),
        ({"command": ""}, "no command", ""),
        ({"interactiveMode": "Always"}, "no terminal", "azurecli"),
    ],
)
def test_refused_plugin(bench, change, sentence, hint):
    bench.exec |= change
    problem(bench, "method", sentence, hint=hint)


def test_plugin_version_1(bench):
    bench.exec |= {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    bench.gives(bench.given, "v1")
    assert bench.run(status=0)["verdict"] == "signedIn"


def test_plugin_missing(bench):
    bench.path = "/usr/bin:/bin"
    problem(bench, "plugin", "kubelogin is not installed", hint="get kubelogin somewhere")
    del bench.exec["installHint"]
    problem(bench, "plugin", "kubelogin is not installed", hint="https://azure.github.io/kubelogin/")


@pytest.mark.parametrize(
    "script, sentence, hint",
    [
        ("echo 'AADSTS50020: no' >&2; exit 1", "ended with status 1", "AADSTS50020, the account is not a member"),
        ("echo AADSTS99999999 >&2; exit 3", "ended with status 3", "look it up"),
        ("exit 1", "ended with status 1", "remove-cache-dir"),
        ("kill -9 $$", "signal 9", ""),
        ("true", "printed nothing", ""),
        ("echo nonsense", "no JSON", "by hand"),
        ("echo '{}'", "no ExecCredential", ""),
        ("yes", "printed more", ""),
    ],
)
def test_broken_plugin(bench, script, sentence, hint):
    bench.plugin(script)
    problem(bench, "plugin", sentence, hint=hint)


@pytest.mark.parametrize(
    "login, hint",
    [("interactive", "needs a browser"), ("msi", "Azure's machines only"), ("devicecode", "remove-cache-dir")],
)
def test_broken_plugin_by_way_of_signing_in(bench, login, hint):
    bench.plugin("echo no >&2; exit 1")
    bench.exec["args"] = ["get-token", "--login", login, "--server-id", SERVER]
    problem(bench, "plugin", "ended with status 1", hint=hint)


@pytest.mark.parametrize(
    "variables, configured, sentence, hint",
    [
        ({"AAD_LOGIN_METHOD": "magic"}, False, "which AAD_LOGIN_METHOD asks for", "set AAD_LOGIN_METHOD to one of"),
        ({"AZURE_TENANT_ID": OTHER}, False, f"AZURE_TENANT_ID in the environment is {OTHER}", "unset AZURE_TENANT_ID"),
        ({"AZURE_TENANT_ID": OTHER}, True, "instead of --tenant-id " + TENANT, "unset"),
        ({"AAD_LOGIN_METHOD": "ropc"}, False, "needs a name and a password", "devicecode"),
    ],
)
def test_variables_that_overrule_the_kubeconfig(bench, variables, configured, sentence, hint):
    bench.variables = variables
    problem(bench, "method", sentence, *(CONFIG if configured else ()), hint=hint)
    bench.variables = {}
    bench.exec["env"] = [{"name": name, "value": value} for name, value in variables.items()]
    problem(bench, "method", sentence, *(CONFIG if configured else ()), hint=hint)


def test_a_variable_that_says_the_same_is_none(bench):
    bench.variables = {"AZURE_TENANT_ID": TENANT.upper(), "AAD_LOGIN_METHOD": "devicecode"}
    assert bench.run(*CONFIG, status=0)["verdict"] == "signedIn"
    bench.variables = {"AZURE_TENANT_ID": OTHER}
    bench.exec["args"].append("--disable-environment-override")
    assert bench.run(*CONFIG, status=0)["verdict"] == "signedIn"


def test_a_plugin_beside_the_kubeconfig(bench):
    """A relative path is relative to the kubeconfig's folder, not to the current one; a bare name is looked for in PATH."""
    (bench.folder / "elsewhere").mkdir(exist_ok=True)
    shutil.copy2(bench.folder / "bin/kubelogin", bench.folder / "elsewhere/kubelogin")
    bench.path = "/usr/bin:/bin"
    for command in ("./elsewhere/kubelogin", "elsewhere/kubelogin", str(bench.folder / "elsewhere/kubelogin")):
        bench.exec["command"] = command
        assert bench.run("--kubeconfig", str(bench.folder / "kubeconfig"), status=0)["verdict"] == "signedIn"
    bench.exec["command"] = "./nowhere/kubelogin"
    problem(bench, "plugin", "kubelogin is not installed", hint="get kubelogin")


def test_the_first_file_of_the_list_counts(bench):
    bench.write("second")
    (bench.folder / "first").write_text(yaml.safe_dump({"users": [{"name": "u", "user": {}}]}))
    bench.variables = {"KUBECONFIG": f"{bench.folder}/first:{bench.folder}/second"}
    problem(bench, "method", "no way to sign in")


def test_changes_nothing_and_asks_only_about_itself(bench):
    bench.write()
    before = {path: path.read_bytes() for path in bench.folder.rglob("*") if path.is_file()}
    SEEN.clear()
    bench.run(*CONFIG, status=0)
    assert {path: path.read_bytes() for path in bench.folder.rglob("*") if path.is_file()} == before
    assert [path for _, path, _ in SEEN] == [
        "apis/authentication.k8s.io/v1/selfsubjectreviews",
        "apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    ]


def test_json_has_the_same_form_always(bench):
    for way in ("ok", "refuses", "unbound", "down", "anonymous"):
        bench.way(way)
        bench.write()
        done = subprocess.run(
            [BINARY, "doctor", "--kubeconfig", "kubeconfig", "--output", "json"],
            cwd=bench.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            env={"PATH": bench.path},
        )
        report = json.loads(done.stdout)
        assert set(report) == {"verdict", "problem", "message", "hint", "steps", "inspection", "user", "tokenSHA256"}
        names = [step["name"] for step in report["steps"]]
        assert set(names) == {
            "kubeconfig",
            "apiServer",
            "clock",
            "method",
            "plugin",
            "token",
            "identity",
            "permissions",
        }
        assert done.returncode == {"signedIn": 0, "failed": 1, "unknown": 2}[report["verdict"]]
        for step in report["steps"]:
            assert set(step) == {"name", "status", "detail", "hint"}
            assert step["status"] in ("passed", "warning", "failed", "skipped") and step["detail"]
            assert step["status"] != "failed" or step["hint"], step


def test_plugin_of_another_version(bench):
    bench.gives(bench.given, "v1")
    problem(bench, "plugin", "another apiVersion")


def test_plugin_that_hangs(bench):
    bench.plugin("exec sleep 50")
    begin = time.monotonic()
    problem(bench, "plugin", "longer than 1 s", "--plugin-timeout", "1", hint="wait for somebody")
    assert time.monotonic() - begin < 10


def test_plugin_that_leaves_a_child(bench):
    script = (bench.folder / "bin/kubelogin").read_text().removeprefix("#!/bin/sh\n")
    bench.plugin("sleep 20 &\n" + script)
    begin = time.monotonic()
    assert bench.run(status=0)["verdict"] == "signedIn"
    assert time.monotonic() - begin < 10


def test_what_the_plugin_is_given(bench):
    script = (bench.folder / "bin/kubelogin").read_text().removeprefix("#!/bin/sh\n")
    bench.plugin(
        'printf %s "$KUBERNETES_EXEC_INFO" > info; echo "$A $*" > args; echo "open the browser" >&2\n' + script
    )
    bench.exec |= {"provideClusterInfo": True, "env": [{"name": "A", "value": "one two"}]}
    bench.cluster["extensions"] = [{"name": "client.authentication.k8s.io/exec", "extension": {"x": [1]}}]
    assert bench.run(status=0)["verdict"] == "signedIn"
    assert bench.stderr == "open the browser\n"
    info = json.loads((bench.folder / "info").read_text())
    assert info["apiVersion"] == "client.authentication.k8s.io/v1beta1" and info["spec"]["interactive"] is False
    assert info["spec"]["cluster"]["server"] == bench.cluster["server"]
    assert info["spec"]["cluster"]["config"] == {"x": [1]}
    assert info["spec"]["cluster"]["certificate-authority-data"]
    assert (bench.folder / "args").read_text() == "one two " + " ".join(ARGUMENTS) + "\n"


@pytest.mark.parametrize(
    "arguments, configured, sentence, hint",
    [
        (["get-token", "--login", "magic", "--server-id", SERVER], False, "called magic", "devicecode"),
        (["get-token", "--login", "azurecli", "--server-id", SERVER], False, "program az", "az login"),
        (["get-token", "--login", "spn", "--server-id", SERVER], False, "needs a secret", "SECRET"),
        (["get-token", "--login", "workloadidentity", "--server-id", SERVER], False, "federated token", ""),
        (["get-token", "--login", "devicecode"], False, "which application", "--server-id"),
        (["--login", "devicecode", "--server-id", SERVER], False, "not told to get a token", "get-token"),
        (["get-token", "--server-id=00000003-0000-0000-c000-000000000000"], False, "Microsoft Graph", ""),
        (["get-token", "--server-id", OTHER], True, "does not take", "set --server-id to " + SERVER),
        (["get-token", "--server-id", SERVER, "-t", OTHER], True, "does not trust", "set --tenant-id to " + TENANT),
        (
            ["get-token", "--server-id", SERVER, "--environment", "AzureChinaCloud"],
            True,
            "another cloud",
            "AzurePublicCloud",
        ),
        (["get-token", "--server-id", SERVER, "--pop-enabled", "--pop-claims", "u=x"], True, "takes none", "remove"),
        (["get-token", "--server-id", SERVER, "--pop-enabled"], True, "belong together", "add --pop-claims"),
        (["get-token", "--server-id", SERVER, "--pop-claims", "u=x"], False, "belong together", "add --pop-enabled"),
    ],
)
def test_arguments(bench, arguments, configured, sentence, hint):
    bench.exec["args"] = arguments
    problem(bench, "method", sentence, *(CONFIG if configured else ()), hint=hint)


@pytest.mark.parametrize(
    "changes, configured, sentence, hint",
    [
        ({"aud": OTHER}, False, "gave one for " + OTHER, "remove-cache-dir"),
        ({"tid": OTHER, "iss": f"https://sts.windows.net/{OTHER}/"}, False, "of tenant " + OTHER, "remove-cache-dir"),
        ({"exp": -7200, "nbf": 0, "iat": 0}, False, "token_expired: expired 2 h ago", "remove-cache-dir"),
        ({"idp": "x", "acct": "1", "oid": "nobody"}, True, "subject_missing", ""),
    ],
)
def test_token(bench, changes, configured, sentence, hint):
    if "exp" in changes:
        # Counted from now, and not from when the table was read.
        changes = {**changes, "exp": int(time.time()) + changes["exp"]}
    bench.gives(token(**changes))
    problem(bench, "token", sentence, *(CONFIG if configured else ()), hint=hint)


def test_an_account_of_the_azure_cli_is_changed_there(bench):
    (bench.folder / "bin/az").write_text("#!/bin/sh\n")
    (bench.folder / "bin/az").chmod(0o755)
    bench.exec["args"][bench.exec["args"].index("devicecode")] = "azurecli"
    bench.gives(token(tid=OTHER, iss=f"https://sts.windows.net/{OTHER}/"))
    problem(bench, "token", "of tenant " + OTHER, hint=f"az login --tenant {TENANT}")
    (bench.folder / "bin/az").unlink()


def test_foreign_signature(bench):
    head, claims, signature = bench.given.split(".")
    bench.gives(f"{head}.{claims}.{signature[::-1].replace('=', 'A')[:-1]}A")
    problem(bench, "token", "signature_invalid", *CONFIG)


@pytest.mark.parametrize("arguments, hint", [((), "--config"), (CONFIG, "kube-entra review")])
def test_refused(bench, arguments, hint):
    bench.way("refuses")
    report = problem(bench, "identity", "401", *arguments, hint=hint)
    assert steps(report)["permissions"] == "skipped"


@pytest.mark.parametrize(
    "changes, hint",
    [
        ({"aud": OTHER}, "see the token above first: run `kubelogin remove-cache-dir`"),
        (
            {"groups": [], "_claim_names": {"groups": "src1"}},
            "the token lists no groups, since there are more than 200",
        ),
    ],
)
def test_refused_for_what_can_be_seen(bench, changes, hint):
    bench.way("refuses")
    bench.gives(token(**changes))
    report = bench.run(status=1)
    assert [step["hint"] for step in report["steps"] if step["name"] == "identity"][0].startswith(hint)


def test_anonymous(bench):
    bench.way("anonymous")
    problem(bench, "identity", "anonymous", hint="Authorization")


@pytest.mark.parametrize(
    "way, name, status",
    [
        ("other", "identity", "warning"),
        ("old", "identity", "warning"),
        ("older", "identity", "passed"),
        ("some", "permissions", "passed"),
        ("unknown", "permissions", "skipped"),
        ("no-rules", "permissions", "skipped"),
    ],
)
def test_small_differences(bench, way, name, status):
    bench.way(way)
    assert steps(bench.run(*CONFIG, status=0))[name] == status


def test_no_binding(bench):
    bench.way("unbound")
    problem(
        bench,
        "permissions",
        "allowed nothing in the namespace team",
        hint="kubectl create clusterrolebinding kube-entra-cluster-admins",
    )


def test_kubeconfig_list(bench):
    bench.write("second")
    (bench.folder / "first").write_text("current-context: here\n")
    bench.variables = {"KUBECONFIG": f"missing:{bench.folder}/first:{bench.folder}/second"}
    assert bench.run(status=0)["verdict"] == "signedIn"


@pytest.mark.parametrize(
    "arguments, variables, sentence",
    [
        (("--kubeconfig", "missing"), {}, "missing: there is no such file"),
        (("--kubeconfig", "bin"), {}, "folder"),
        (("--kubeconfig", "certs/server.crt"), {}, "certs/server.crt"),
        (("--context", "nowhere"), {}, "there is no context nowhere"),
        ((), {"KUBECONFIG": "missing"}, "there is no kubeconfig: missing"),
        ((), {"KUBECONFIG": ""}, "empty/.kube/config"),
    ],
)
def test_no_kubeconfig(bench, arguments, variables, sentence):
    bench.variables = variables
    problem(bench, "kubeconfig", sentence, *arguments, status=2)


def test_bad_options(bench):
    for arguments, status in [(["--timeout", "0"], 64), (["--config", "missing"], 2), (["--keys", "missing"], 2)]:
        done = subprocess.run([BINARY, "doctor", *arguments], cwd=bench.folder, capture_output=True, timeout=30)
        assert done.returncode == status and done.stdout == b""
