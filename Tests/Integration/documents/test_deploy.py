"""The statements of README.md, certs/ and deploy/ are true of the program."""

import base64
import json
import os
import re
import signal
import ssl
import subprocess
import time
import urllib.request

import yaml
from ports import free_port
from programs import BINARY, ROOT

README = (ROOT / "README.md").read_text()
DEPLOY = ROOT / "deploy"
FAMILIES = set(
    re.findall(
        r'"(kube_entra_\w+)"', "".join(p.read_text() for p in ROOT.glob("Sources/Webhook/WebhookServer/Metrics/*"))
    )
)


def run(*arguments, cwd=None):
    return subprocess.run([BINARY, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60)


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.S | re.M)


def families(text):
    names = re.findall(r"\bkube_entra_\w+", text)
    return {re.sub(r"_(bucket|sum|count)$", "", name) if "duration" in name else name for name in names}


def test_the_five_lines_lead_to_a_running_webhook(tmp_path):
    lines = next(b for b in blocks(README, "sh") if "certs create" in b).strip().splitlines()
    assert len(lines) == 5 and all(line.startswith("kube-entra ") for line in lines)
    webhook, operations = free_port(), free_port()
    for line in lines[:-1]:
        done = run(*line.split()[1:], cwd=tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        path = tmp_path / "kube-entra.yaml"
        if path.exists():
            path.write_text(path.read_text().replace(":8443", f":{webhook}").replace(":8480", f":{operations}"))
    kubeconfig = yaml.safe_load((tmp_path / "webhook.yaml").read_text())
    cluster, user = kubeconfig["clusters"][0]["cluster"], kubeconfig["users"][0]["user"]
    assert cluster["server"] == "https://127.0.0.1:8443/authenticate"
    # Nothing is to leave this machine: a proxy that is not there.
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:1"}
    server = subprocess.Popen(
        [BINARY, *lines[-1].split()[1:]], cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        context.load_cert_chain(user["client-certificate"], user["client-key"])
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "x"}}
        request = urllib.request.Request(
            f"https://127.0.0.1:{webhook}/authenticate",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        for attempt in range(100):
            try:
                answer = json.load(opener.open(request, timeout=5))
                break
            except OSError:
                assert server.poll() is None and attempt < 99, "serve does not answer"
                time.sleep(0.1)
        assert answer["status"]["authenticated"] is False
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
    assert server.returncode == 0


def test_the_configuration_in_the_readme_loads(tmp_path):
    text = next(b for b in blocks(README, "yaml") if "WebhookConfiguration" in b)
    (tmp_path / "kube-entra.yaml").write_text(text)
    run("certs", "create", cwd=tmp_path)
    done = run("config", "check", "kube-entra.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_every_command_in_the_readme_exists():
    commands = set(re.findall(r"^\| `kube-entra ((?:[a-z]+(?:-[a-z]+)* ?)+)", README, re.M))
    assert len(commands) >= 10 and len(README.splitlines()) < 200
    for command in commands:
        done = run("help", *command.split())
        assert done.returncode == 0 and f"kube-entra {command.strip()}" in done.stdout, command


def test_the_reasons_are_those_of_the_program():
    table = run("inspect", "--reasons-table").stdout.splitlines()
    assert len(table) > 30
    rows = [line for line in README.splitlines() if re.match(r"\| `[a-z]+_[a-z_]+` \| .* \| .* \|$", line)]
    assert len(rows) == 10 and all(line in table for line in rows)
    reference = (DEPLOY / "reference/reasons.md").read_text()
    assert all(re.match(r"\| `(\w+)`", line)[1] in reference for line in table if line.startswith("| `"))


def test_the_metrics_are_those_of_the_program():
    assert len(families(README)) >= 10 and families(README) <= FAMILIES
    assert families((DEPLOY / "reference/metrics.md").read_text()) == FAMILIES
    assert families((DEPLOY / "monitoring/kube-entra.rules.yaml").read_text()) <= FAMILIES
    dashboard = (DEPLOY / "monitoring/kube-entra.dashboard.json").read_text()
    assert families(dashboard) == FAMILIES


def anchors(document):
    """The names by which GitHub links to a document's headings."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    found = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        # Links in headings count by their text, code by its words.
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(next(n for n in [name, *(f"{name}-{number}" for number in range(1, 99))] if n not in found))
    return found


def test_links_in_the_documents_lead_somewhere():
    folders = [DEPLOY, ROOT / "certs", ROOT / ".github", ROOT / "Sources"]
    documents = [ROOT / "README.md", *(path for folder in folders for path in folder.rglob("*.md"))]
    links = [(document, link) for document in documents for link in re.findall(r"\]\(([^)]+)\)", document.read_text())]
    assert len(documents) > 25 and len(links) > 60
    wrong = []
    for document, link in links:
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        target = target / "README.md" if anchor and target.is_dir() else target
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append((str(document.relative_to(ROOT)), link))
    assert not wrong


def test_yaml_in_deploy_and_in_its_documents_loads():
    # Helm's, which test_chart.py renders, are left out.
    files = [path for path in DEPLOY.rglob("*.yaml") if path.parent.name != "templates"]
    found = [
        (document, block) for document in DEPLOY.rglob("README.md") for block in blocks(document.read_text(), "yaml")
    ]
    assert len(files) > 5 and len(found) > 5
    for path in files:
        assert list(yaml.safe_load_all(path.read_text())), path
    for document, block in found:
        assert yaml.safe_load(block), document


def test_the_dashboard_uses_metrics_that_exist():
    dashboard = json.loads((DEPLOY / "monitoring/kube-entra.dashboard.json").read_text())
    places = [tuple(panel["gridPos"][k] for k in "xywh") for panel in dashboard["panels"]]
    for index, (x, y, w, h) in enumerate(places):
        assert x + w <= 24
        for ox, oy, ow, oh in places[:index]:
            assert x >= ox + ow or ox >= x + w or y >= oy + oh or oy >= y + h, "panels overlap"
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_configuration_of_the_deployment_loads():
    done = run(
        "kubeconfig", "user", "--server", "https://a.example", "--config", str(DEPLOY / "kustomize/kube-entra.yaml")
    )
    assert done.returncode == 0, done.stderr
    done = run("config", "check", "--strict", "--no-files", str(DEPLOY / "kustomize/kube-entra.yaml"))
    assert done.returncode == 0 and "not looked at" in done.stdout, done.stdout + done.stderr


def test_pods_have_no_privileges():
    manifests = [
        *yaml.safe_load_all((DEPLOY / "kustomize/deployment.yaml").read_text()),
        yaml.safe_load((DEPLOY / "static-pod/kube-entra.yaml").read_text()),
    ]
    pods = [
        m["spec"]["template"]["spec"] if m["kind"] == "Deployment" else m["spec"]
        for m in manifests
        if m["kind"] != "PodDisruptionBudget"
    ]
    assert len(pods) == 2
    for pod in pods:
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
        # serve takes up to 20 s to finish what it was asked.
        assert pod["terminationGracePeriodSeconds"] > 20
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
            assert context["capabilities"]["drop"] == ["ALL"]
            mounts = {mount["name"] for mount in container["volumeMounts"]}
            assert mounts == {volume["name"] for volume in pod["volumes"]}


def test_the_alerts_pass_promtools_tests():
    folder = DEPLOY / "monitoring"
    for arguments in (["check", "rules", "kube-entra.rules.yaml"], ["test", "rules", "tests/kube-entra.test.yaml"]):
        done = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_expressions_of_the_dashboard(tmp_path):
    dashboard = json.loads((DEPLOY / "monitoring/kube-entra.dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [
        {"record": f"panel:{index}", "expr": expression.replace("$__rate_interval", "5m")}
        for index, expression in enumerate(expressions)
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yaml"], capture_output=True, text=True)
    assert done.returncode == 0 and f"{len(rules)} rules found" in done.stdout, done.stderr


def test_kubectl_renders_the_kustomization():
    done = subprocess.run(["kubectl", "kustomize", DEPLOY / "kustomize"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    made = {m["kind"]: m for m in yaml.safe_load_all(done.stdout)}
    assert made["Service"]["spec"]["clusterIP"] and made["ConfigMap"]["data"]["kube-entra.yaml"]
    assert made["ClusterRoleBinding"]["subjects"][0]["name"] == "kube-entra:cluster-admins"


def test_systemd_finds_no_fault_in_the_unit(tmp_path):
    text = (DEPLOY / "systemd/kube-entra.service").read_text()
    unit = tmp_path / "kube-entra.service"
    unit.write_text(text.replace("/usr/local/bin/kube-entra ", "/bin/true "))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert "kube-entra" not in done.stderr, done.stderr


def test_the_socket_unit_listens_on_the_webhooks_address(tmp_path):
    """The socket of systemd is the address that the template and the webhook kubeconfig name."""
    for name in ("kube-entra.service", "kube-entra.socket"):
        text = (DEPLOY / "systemd" / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/local/bin/kube-entra ", "/bin/true "))
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "kube-entra.socket"], capture_output=True, text=True, timeout=60
    )
    assert "kube-entra" not in done.stderr, done.stderr
    text = (DEPLOY / "systemd/kube-entra.socket").read_text()
    assert "ListenStream=127.0.0.1:8443\n" in text and "FileDescriptorName=webhook\n" in text


def test_kubectl_reads_the_kubeconfigs(tmp_path):
    """What kubectl understands of them is what we meant."""

    def config(*arguments):
        run = [BINARY, "kubeconfig", *arguments, "--out", "kubeconfig.yaml", "--force"]
        subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
        done = subprocess.run(
            ["kubectl", "config", "view", "--raw", "--minify", "-o", "json", "--kubeconfig", "kubeconfig.yaml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        view = json.loads(done.stdout)
        return view["clusters"][0]["cluster"], view["users"][0]["user"]

    subprocess.run([BINARY, "certs", "create"], cwd=tmp_path, check=True, capture_output=True)
    cluster, user = config("webhook")
    assert cluster["server"] == "https://127.0.0.1:8443/authenticate"
    assert cluster["certificate-authority"] == str(tmp_path / "certs/ca.crt")
    assert user["client-certificate"] == str(tmp_path / "certs/client.crt")
    cluster, user = config("webhook", "--embed")
    assert base64.b64decode(cluster["certificate-authority-data"]) == (tmp_path / "certs/ca.crt").read_bytes()
    assert base64.b64decode(user["client-key-data"]) == (tmp_path / "certs/client.key").read_bytes()
    cluster, user = config(
        "user",
        "--server",
        "https://cluster.example:6443",
        "--ca",
        "certs/ca.crt",
        "--tenant-id",
        "11111111-2222-3333-4444-555555555555",
        "--server-id",
        "aaaaaaaa-0000-0000-0000-000000000000",
    )
    assert cluster["server"] == "https://cluster.example:6443"
    assert user["exec"]["command"] == "kubelogin" and "get-token" in user["exec"]["args"]


def test_no_two_pages_have_a_file_of_the_same_name_for_other_lines():
    """Who follows both would overwrite the one with the other, and nobody could sign in any more."""
    found = {}
    for path in sorted(DEPLOY.rglob("README.md")):
        for name in re.findall(r"config\.yaml\.d/([\w.-]+\.yaml)", path.read_text()):
            found.setdefault(name, set()).add(path.parent.name)
    [own] = re.findall(r'fileName = "(.*)"', (ROOT / "Sources/Tools/Installation/DropIn.swift").read_text())
    pages = [page for name, pages in found.items() if name != own for page in pages]
    assert sorted(pages) == ["authorization", "chart"] and [name for name in found if len(found[name]) > 1] in (
        [],
        [own],
    )
