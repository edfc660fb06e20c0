"""`kubeconfig webhook` and `kubeconfig user`, read by PyYAML."""

import base64
import stat

import pytest
import yaml

TENANT = "11111111-2222-3333-4444-555555555555"
SERVER = "aaaaaaaa-0000-0000-0000-000000000000"


class TestWebhookKubeconfig:
    def load(self, text):
        config = yaml.safe_load(text)
        assert config["apiVersion"] == "v1" and config["kind"] == "Config"
        context = {c["name"]: c["context"] for c in config["contexts"]}[config["current-context"]]
        cluster = {c["name"]: c["cluster"] for c in config["clusters"]}[context["cluster"]]
        return cluster, {u["name"]: u["user"] for u in config["users"]}[context["user"]]

    def test_the_webhooks_kubeconfig_names_its_files(self, run, tmp_path):
        run("certs", "create")
        cluster, user = self.load(run("kubeconfig", "webhook").stdout)
        folder = tmp_path / "certs"
        assert cluster == {
            "server": "https://127.0.0.1:8443/authenticate",
            "certificate-authority": str(folder / "ca.crt"),
        }
        assert user == {"client-certificate": str(folder / "client.crt"), "client-key": str(folder / "client.key")}

    def test_an_embedded_key_makes_a_private_file(self, run, tmp_path):
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

    def test_files_of_this_machine_for_another_one(self, run, tmp_path):
        run("certs", "create", "--host", "10.96.0.20")
        far = ["--server", "https://10.96.0.20:8443/authenticate"]
        done = run("kubeconfig", "webhook", *far)
        assert "paths of this machine" in done.stderr and str(tmp_path / "certs/ca.crt") in done.stderr
        assert "--embed" in done.stderr
        assert run("kubeconfig", "webhook", "--embed", *far).stderr == ""
        # Files that lie there only, and a webhook beside kube-apiserver.
        names = ["--ca", "/x/ca.crt", "--client-certificate", "/x/c.crt", "--client-key", "/x/c.key"]
        assert "paths of this machine" not in run("kubeconfig", "webhook", *far, *names).stderr
        run("certs", "create", "--out", "own")
        for host in ("127.0.0.1", "localhost", "[::1]", "127.0.0.2"):
            done = run("kubeconfig", "webhook", "--certs", "own", "--server", f"https://{host}:8443/authenticate")
            assert "paths of this machine" not in done.stderr, host
        done = run("kubeconfig", "authorization", "--server", "https://10.96.0.20:8443/authorize")
        assert "paths of this machine" in done.stderr

    def test_a_name_that_the_server_does_not_have(self, run, tmp_path):
        run("certs", "create", "--host", "a.example")
        done = run("kubeconfig", "webhook", "--server", "https://a.example/authenticate")
        assert "has no name" not in done.stderr
        said = run("kubeconfig", "webhook", "--server", "https://b.example/authenticate").stderr
        advice = said.split("make it anew with `")[1].split("`")[0]
        # What it has now stays.
        assert advice == "kube-entra certs create --renew --host a.example --host b.example"
        run(*advice.split()[1:])
        for name in ("a.example", "b.example"):
            done = run("kubeconfig", "webhook", "--server", f"https://{name}/authenticate")
            assert "has no name" not in done.stderr

    @pytest.mark.parametrize("host", ["kube-entra.kube-entra.svc", "KUBE-ENTRA.x.svc.cluster.local", "a.b.svc.example"])
    @pytest.mark.parametrize("kind", ["webhook", "authorization"])
    def test_the_name_of_a_service_cannot_work(self, run, kind, host):
        run("certs", "create", "--host", "10.96.0.20", "--host", "kube-entra.kube-entra.svc")
        path = {"webhook": "/authenticate", "authorization": "/authorize"}[kind]
        done = run("kubeconfig", kind, "--embed", "--server", f"https://{host}:8443{path}")
        assert "does not use the cluster's DNS" in done.stderr and "clusterIP" in done.stderr
        # That would lead further into it.
        assert "has no name" not in done.stderr
        done = run("kubeconfig", kind, "--embed", "--server", f"https://10.96.0.20:8443{path}")
        assert done.stderr == ""

    def test_a_ca_that_is_none(self, run):
        run("certs", "create", "--host", "127.0.0.1")
        said = run("kubeconfig", "webhook", "--ca", "certs/server.crt").stderr
        assert "certs/server.crt holds no CA certificate, so kube-apiserver trusts only" in said
        assert run("kubeconfig", "webhook", "--ca", "certs/ca.crt").stderr == ""

    def test_a_key_of_another_certificate(self, run, tmp_path):
        run("certs", "create")
        run("kubeconfig", "webhook", "--client-key", "certs/server.key", status=2)
        run("kubeconfig", "webhook", "--certs", "nowhere", status=2)

    @pytest.mark.parametrize(
        "server",
        # All forms are in KubeconfigArgumentTests.swift.
        ["http://a.example", "https://a/\nusers:"],
    )
    def test_an_address_that_cannot_be_used_is_refused(self, run, server):
        run("kubeconfig", "webhook", "--server", server, status=64)


class TestUserKubeconfig:
    BASE = ["kubeconfig", "user", "--server", "https://cluster.example:6443"]
    IDS = ["--tenant-id", TENANT, "--server-id", SERVER]
    AKS_CLIENT = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"

    def user(self, text):
        return yaml.safe_load(text)["users"][0]["user"]

    # All login methods, clouds and rules of proof are in KubeloginSignInTests.swift and UserKubeconfigTests.swift.
    @pytest.mark.parametrize("login", ["devicecode", "azurepipelines"])
    def test_a_person_and_a_pipeline_sign_in(self, run, login):
        command = self.user(run(*self.BASE, *self.IDS, "--login", login, "--client-id", TENANT).stdout)["exec"]
        assert command["command"] == "kubelogin"
        assert command["args"][:5] == ["get-token", "--login", login, "--server-id", SERVER]
        assert all(isinstance(word, str) for word in command["args"])

    def test_ids_in_each_others_places_are_named(self, run, tmp_path):
        run("certs", "create")
        ids = ["--ca", "certs/ca.crt", "--client-id", "cccccccc-0000-0000-0000-000000000000"]
        assert "warning" not in run(*self.BASE, *self.IDS, *ids).stderr
        said = run(*self.BASE, *self.IDS, *ids[:2], "--client-id", TENANT.upper()).stderr
        assert "warning: the client is the tenant's ID" in said and "kube-entra register" in said
        for server in (SERVER, f"api://{SERVER}"):
            said = run(*self.BASE, "--tenant-id", TENANT, "--server-id", server, "--client-id", SERVER).stderr
            assert "warning: the client is the server application" in said and "kube-entra register" in said
        said = run(*self.BASE, "--tenant-id", TENANT, "--server-id", TENANT).stderr
        assert "warning: the server application is the tenant's ID" in said
        said = run(*self.BASE, *self.IDS, "--ca", "certs/server.crt").stderr
        assert "certs/server.crt holds no CA certificate, so kubectl trusts only" in said

    def test_the_old_form_of_the_users_kubeconfig_works(self, run):
        provider = self.user(run(*self.BASE, *self.IDS, "--format", "azure").stdout)["auth-provider"]
        assert provider == {
            "name": "azure",
            "config": {
                "apiserver-id": SERVER, "client-id": self.AKS_CLIENT, "tenant-id": TENANT,
                "environment": "AzurePublicCloud", "config-mode": "1",
            },
        }  # fmt: skip

    @pytest.mark.parametrize("name", ["plain", "yes", "1e3", "a: b", '"', "\\", "#x", "{a", "ü"])
    def test_unusual_names_survive_in_yaml(self, run, name):
        config = yaml.safe_load(run(*self.BASE, *self.IDS, "--name", name).stdout)
        assert config["current-context"] == config["clusters"][0]["name"] == name

    def test_the_clusters_authority_is_embedded(self, run, tmp_path):
        run("certs", "create")
        config = yaml.safe_load(run(*self.BASE, *self.IDS, "--ca", "certs/ca.crt").stdout)
        data = config["clusters"][0]["cluster"]["certificate-authority-data"]
        assert base64.b64decode(data) == (tmp_path / "certs/ca.crt").read_bytes()
        run(*self.BASE, *self.IDS, "--ca", "certs/ca.key", status=2)

    def test_what_users_need_comes_from_the_configuration(self, run, tmp_path):
        run("config", "init", "--tenant-id", TENANT, "--audience", SERVER, "--cloud", "china", "--out", "c.yaml")
        command = self.user(run(*self.BASE, "--config", "c.yaml").stdout)["exec"]["args"]
        assert SERVER in command and TENANT in command and "AzureChinaCloud" in command
        run(*self.BASE, "--config", "c.yaml", "--tenant-id", SERVER, status=2)
        run(*self.BASE, "--config", "none.yaml", status=2)

    def test_required_proof_of_possession_excludes_other_logins(self, run, tmp_path):
        run("config", "init", "--tenant-id", TENANT, "--audience", SERVER, "--out", "c.yaml")
        proof = "    proofOfPossession: require\n    clusterHost: cluster.example\n    signingKeys:"
        text = (tmp_path / "c.yaml").read_text()
        (tmp_path / "c.yaml").write_text(text.replace("    signingKeys:", proof))
        words = self.user(run(*self.BASE, "--config", "c.yaml").stdout)["exec"]["args"]
        assert words[2] == "interactive" and words[-3:] == ["--pop-enabled", "--pop-claims", "u=cluster.example"]
        run(*self.BASE, "--config", "c.yaml", "--login", "azurecli", status=64)

    # All options that are refused are in UserKubeconfigOptionsTests.swift.
    @pytest.mark.parametrize(
        "arguments",
        [
            [], [*IDS, "--login", "password"], [*IDS, "--client-id", "x"], [*IDS, "--login", "azurepipelines"],
        ],
    )  # fmt: skip
    def test_wrong_usage_ends_with_status_64(self, run, arguments):
        run(*self.BASE, *arguments, status=64)
