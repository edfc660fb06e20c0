"""`doctor` and what a kubeconfig's user says: the method, the plugin and its variables."""

import json
import shutil
import subprocess
import time

import pytest
import yaml
from doctors import ARGUMENTS, CONFIG, OTHER, SEEN, problem, steps
from programs import BINARY
from signed_tokens import SERVER, TENANT


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
def test_what_is_wrong_with_the_kubeconfigs_user_is_named(bench, user, sentence, hint):
    bench.user = user
    report = problem(bench, "method", sentence, hint=hint)
    assert "s3cret" not in json.dumps(report)
    assert steps(report)["identity"] == "skipped"


def test_an_old_entry_is_converted_to_what_the_cluster_takes(bench):
    bench.user = {"auth-provider": {"name": "azure", "config": {"apiserver-id": OTHER, "tenant-id": OTHER}}}
    problem(bench, "method", "auth-provider azure", *CONFIG, hint=f"--server-id {SERVER}")
    problem(bench, "method", "auth-provider azure", *CONFIG, hint=f"--tenant-id {TENANT}")


@pytest.mark.parametrize("as_file", [False, True])
def test_a_fixed_token_is_judged_like_the_plugins(bench, as_file):
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
def test_a_plugin_entry_that_kubectl_refuses_is_named(bench, change, sentence, hint):
    bench.exec |= change
    problem(bench, "method", sentence, hint=hint)


def test_a_plugin_of_version_v1_works(bench):
    bench.exec |= {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
    bench.gives(bench.given, "v1")
    assert bench.run(status=0)["verdict"] == "signedIn"


def test_a_plugin_that_is_missing_is_named(bench):
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
        ("echo nonsense", "not JSON", "by hand"),
        ("echo '{}'", "no ExecCredential", ""),
        ("yes", "printed more", ""),
    ],
)
def test_a_plugin_that_fails_is_named_with_its_cause(bench, script, sentence, hint):
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
    assert [seen[1] for seen in SEEN] == [
        "apis/authentication.k8s.io/v1/selfsubjectreviews",
        "apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    ]


def test_plugin_of_another_version(bench):
    bench.gives(bench.given, "v1")
    problem(bench, "plugin", "another apiVersion")


def test_a_plugin_that_hangs_is_ended_and_named(bench):
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
def test_arguments_of_kubelogin_that_do_not_fit_are_named(bench, arguments, configured, sentence, hint):
    bench.exec["args"] = arguments
    problem(bench, "method", sentence, *(CONFIG if configured else ()), hint=hint)


def test_the_files_of_kubeconfig_are_merged_as_kubectl_does(bench):
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
        ((), {"KUBECONFIG": "", "HOME": ""}, "neither KUBECONFIG nor HOME says where it would be"),
    ],
)
def test_a_kubeconfig_that_is_missing_or_broken_is_named(bench, arguments, variables, sentence):
    bench.variables = variables
    problem(bench, "kubeconfig", sentence, *arguments, status=2)


def test_options_that_cannot_be_used_are_refused(bench):
    for arguments, status in [(["--timeout", "0"], 64), (["--config", "missing"], 2), (["--keys", "missing"], 2)]:
        done = subprocess.run([BINARY, "doctor", *arguments], cwd=bench.folder, capture_output=True, timeout=30)
        assert done.returncode == status and done.stdout == b""
