"""`kubeconfig user --out` with an existing file, read by a real kubectl."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from entra import AUDIENCE, CLIENT, OBJECT, TENANT
from webhook import run

OLD = """apiVersion: v1
clusters:
- cluster:
    server: https://old.example
  name: old
contexts:
- context: {cluster: old, user: old}
  name: old   # mine
current-context: old
kind: Config
users:
- name: old
  user: {token: t}
"""


def user(*arguments):
    return run(
        "kubeconfig",
        "user",
        "--server",
        "https://c.example:6443",
        "--server-id",
        AUDIENCE,
        "--tenant-id",
        TENANT,
        *arguments,
    )


def view(path, *arguments):
    done = subprocess.run(
        ["kubectl", "--kubeconfig", str(path), "config", "view", "--raw", "-o", "json", *arguments],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_several_at_once_lose_nothing(tmp_path):
    path = tmp_path / "config"
    names = [f"team-{number}" for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        done = list(pool.map(lambda name: user("--out", str(path), "--name", name), names))
    assert [status for status, _, _ in done] == [0] * len(names), done
    assert sorted(c["name"] for c in view(path)["contexts"]) == names
    assert os.listdir(tmp_path) == ["config"] and path.stat().st_mode & 0o777 == 0o600


def test_the_lock_of_kubectl_is_waited_for(tmp_path):
    path, lock = tmp_path / "config", tmp_path / "config.lock"
    path.write_text(OLD)
    lock.touch()
    status, out, err = user("--out", str(path), "--name", "team")
    assert (status, out) == (2, "") and "another program holds the lock" in err and f"remove {lock}" in err
    assert path.read_text() == OLD and lock.exists()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(user, "--out", str(path), "--name", "team")
        time.sleep(0.5)
        assert not waiting.done() and path.read_text() == OLD
        lock.unlink()
        assert waiting.result()[0] == 0
    assert [c["name"] for c in view(path)["contexts"]] == ["old", "team"] and not lock.exists()
    # kubectl finds its lock free again.
    view_after = ["kubectl", "--kubeconfig", str(path), "config", "use-context", "old"]
    assert subprocess.run(view_after, capture_output=True, timeout=60).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_the_owner_stays(tmp_path):
    path = tmp_path / "config"
    path.write_text(OLD)
    path.chmod(0o600)
    os.chown(path, 65534, 65533)
    assert user("--out", str(path), "--name", "team")[0] == 0
    assert (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777) == (65534, 65533, 0o600)


def test_a_context_is_added_and_the_rest_stays(tmp_path):
    path = tmp_path / "config"
    path.write_text(OLD)
    path.chmod(0o640)
    status, out, err = user("--out", str(path), "--name", "team")
    assert (status, out) == (0, "") and "added" in err
    seen = view(path)
    assert [c["name"] for c in seen["contexts"]] == ["old", "team"] and seen["current-context"] == "team"
    assert "# mine" in path.read_text() and path.stat().st_mode & 0o777 == 0o640
    before = path.read_bytes()
    assert user("--out", str(path), "--name", "team")[0] == 0 and path.read_bytes() == before


def test_force_replaces_that_context_only(tmp_path):
    path = tmp_path / "config"
    path.write_text(OLD)
    assert user("--out", str(path), "--name", "old")[0] == 2
    assert path.read_text() == OLD
    assert user("--out", str(path), "--name", "team")[0] == 0
    status, _, err = user("--out", str(path), "--name", "team", "--login", "azurecli")
    assert status == 2 and "--force" in err
    assert user("--out", str(path), "--name", "team", "--login", "azurecli", "--force")[0] == 0
    seen = {u["name"]: u["user"] for u in view(path)["users"]}
    assert "azurecli" in seen["team-user"]["exec"]["args"] and seen["old"] == {"token": "t"}


OWN_CLIENT = "bbbbbbbb-1111-0000-0000-000000000000"
# What an operator passes the first time, if the tenant has a client application of its own.
FIRST = ["--client-id", OWN_CLIENT, "--login", "interactive"]


def kubelogin(path):
    """kubelogin's options in the entry of the context kube-entra."""
    words = {u["name"]: u["user"] for u in view(path)["users"]}["kube-entra-user"]["exec"]["args"]
    options = words[words.index("get-token") + 1 :]
    return {name.removeprefix("--"): value for name, value in zip(options[::2], options[1::2])}


@pytest.mark.parametrize(
    "first,again,client,login,noted",
    [
        (FIRST, [], OWN_CLIENT, "interactive", f"kept from the entry that it replaces: {' '.join(FIRST)}\n"),
        (FIRST, ["--login", "devicecode"], OWN_CLIENT, "devicecode", f"it replaces: --client-id {OWN_CLIENT}\n"),
        (FIRST, ["--client-id", CLIENT], CLIENT, "interactive", "it replaces: --login interactive\n"),
        # An application that signs in as itself is no client for people.
        (["--client-id", OBJECT, "--login", "spn"], ["--login", "interactive"], CLIENT, "interactive", None),
        (["--login", "azurecli"], [], None, "azurecli", "it replaces: --login azurecli\n"),
    ],
)
def test_force_keeps_client_and_login_where_none_is_named(tmp_path, first, again, client, login, noted):
    path = tmp_path / "config"
    assert user("--out", str(path), *first)[0] == 0
    status, out, err = user("--out", str(path), "--server-id", OBJECT, "--force", *again)
    assert (status, out) == (0, "")
    seen = kubelogin(path)
    assert (seen["server-id"], seen.get("client-id"), seen["login"]) == (OBJECT, client, login)
    assert noted in err if noted else "it replaces" not in err


def test_force_keeps_the_client_of_an_entry_that_explains(tmp_path):
    path, config = tmp_path / "config", tmp_path / "kube-entra.yaml"
    tenant = {"tenantID": TENANT, "audiences": [AUDIENCE]}
    document = {"apiVersion": "kube-entra.dev/v1", "kind": "WebhookConfiguration", "tenants": [tenant]}
    document["server"] = {"certificate": "s.crt", "privateKey": "s.key", "clientCA": "c.crt"}
    config.write_text(yaml.safe_dump(document))
    words = ["kubeconfig", "user", "--server", "https://c.example", "--explain", "--config", str(config)]
    words += ["--out", str(path), "--force"]
    assert run(*words, *FIRST)[0] == 0
    assert run(*words)[0] == 0 and kubelogin(path)["client-id"] == OWN_CLIENT
    # What the configuration refuses is not kept.
    tenant["allowedClientAppIDs"] = [OBJECT]
    config.write_text(yaml.safe_dump(document))
    status, _, err = run(*words)
    assert status == 0 and kubelogin(path)["client-id"] == OBJECT and kubelogin(path)["login"] == "interactive"
    assert f"note: the client was {OWN_CLIENT}, which allowedClientAppIDs does not list; it is now {OBJECT}\n" in err


def test_a_missing_folder_is_said_with_the_way_to_make_it(tmp_path):
    path = tmp_path / "it's" / "config"
    status, out, err = user("--out", str(path))
    assert (status, out) == (2, "") and "the folder that it would be in is not there\n→ mkdir -p -m 700 " in err
    subprocess.run(["sh", "-c", err.split("\n→ ")[1].splitlines()[0]], check=True, timeout=60)
    assert user("--out", str(path))[0] == 0 and path.parent.stat().st_mode & 0o777 == 0o700
    assert "→ ~ is the home folder only for the shell: leave out the quotes" in user("--out", "~/.kube/config")[2]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text(OLD)
    (tmp_path / "config").symlink_to("real")
    assert user("--out", str(tmp_path / "config"))[0] == 0
    assert (tmp_path / "config").is_symlink() and "c.example" in (tmp_path / "real").read_text()


def test_another_name_of_the_file_is_said_to_keep_what_was_there(tmp_path):
    path = tmp_path / "config"
    path.write_text(OLD)
    (tmp_path / "second").hardlink_to(path)
    status, _, err = user("--out", str(path))
    assert status == 0 and err.startswith(f"note: {path} has another name too (a hard link)"), err
    assert (tmp_path / "second").read_text() == OLD != path.read_text()
    assert "hard link" not in user("--out", str(path), "--force")[2]


@pytest.mark.parametrize("text", ["hello", "kind: Pod\n", "[1]", "a: [", "\x00"])
def test_what_is_no_kubeconfig_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "config"
    path.write_text(text)
    for options in ((), ("--force",)):
        status, out, err = user("--out", str(path), *options)
        assert (status, out) == (2, "") and str(path) in err
    assert path.read_text() == text


@pytest.mark.parametrize(
    "variable,login", [("DISPLAY", "interactive"), ("WAYLAND_DISPLAY", "interactive"), (None, "devicecode")]
)
def test_a_browser_where_there_is_a_desktop(variable, login):
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    status, out, _ = run(
        "kubeconfig",
        "user",
        "--server",
        "https://c.example",
        "--server-id",
        AUDIENCE,
        "--tenant-id",
        TENANT,
        env=env | ({variable: ":0"} if variable else {}),
    )
    arguments = yaml.safe_load(out)["users"][0]["user"]["exec"]["args"]
    assert status == 0 and arguments[arguments.index("--login") + 1] == login


@pytest.mark.parametrize(
    "words,said",
    [
        (["polcy", "check"], "unknown command polcy, did you mean policy?"),
        (["config", "chek"], "unknown command chek, did you mean check?"),
        (["help", "docter"], "there is no command 'docter', did you mean doctor?"),
        (["zzzzzzzzz"], "unknown command zzzzzzzzz\n"),
    ],
)
def test_a_command_that_is_none_gets_a_suggestion(words, said):
    status, out, err = run(*words)
    assert (status, out) == (64, "") and said in err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take /proc away")
def test_without_proc_it_says_so():
    from webhook import PROGRAM

    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", 'umount -l /proc; exec "$0" policy check --config x', PROGRAM],
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, b"") and b"/proc" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--server", "http://c.example"],
        ["--server", "https://c.example"],
        ["--server", "https://c.example", "--server-id", AUDIENCE],
        ["--server", "https://c.example", "--server-id", AUDIENCE, "--login", "azurepipelines"],
        ["--server", "https://c.example", "--server-id", AUDIENCE, "--format", "azure"],
    ],
)
def test_wrong_usage_is_followed_by_how_to_use_it(arguments):
    status, out, err = run("kubeconfig", "user", *arguments)
    assert (status, out) == (64, "")
    assert err.startswith("Error: ") and "\nUsage: kube-entra kubeconfig user [<options>] --server <url>\n" in err
    assert "\n  See 'kube-entra kubeconfig user --help' for more information." in err


def test_help_says_what_force_replaces():
    text = " ".join(run("kubeconfig", "user", "--help")[1].split())
    assert "--force Replace a context of the same name" in text and "Overwrite" not in text
