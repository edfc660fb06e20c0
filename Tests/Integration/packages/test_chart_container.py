"""The chart's pod runs on the release's image: crun in place of the container runtime, with the volumes, the user and the
limits that the rendered Deployment says."""

import json
import os

import pytest
import yaml
from charts import by_name, rendered
from containers import Volumes
from entra import AUDIENCE, OBJECT, TENANT
from webhook import Webhook, configuration, reason, wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a container without a daemon needs root here")


def secret_volume(name):
    volume = {"name": name, "secret": {"secretName": f"kube-entra-{name}", "defaultMode": 0o440}}
    return volume, {"name": name, "mountPath": f"/etc/kube-entra-{name}", "readOnly": True}


def values(webhook, **more):
    volumes = [secret_volume(name) for name in ("files", "denied")]
    tenant = {
        "tenantID": TENANT,
        "audiences": [AUDIENCE],
        "signingKeys": {"file": "/etc/kube-entra-files/keys.json"},
        "deniedFile": "/etc/kube-entra-denied/denied.json",
    }
    server = {"listen": f"0.0.0.0:{webhook.port}", "operations": f"0.0.0.0:{webhook.operations}"}
    return {
        "configuration": {"server": server, "tenants": [tenant], "logging": {"level": "debug"}},
        "extraVolumes": [volume for volume, _ in volumes],
        "extraVolumeMounts": [mount for _, mount in volumes],
        **more,
    }


CERT_MANAGER = {"certificates": {"certManager": {"enabled": True, "issuerRef": {"name": "ca"}}}}
# Which of the tests' files are a key of the Secret of certificates.
FILES = {
    "of one's own": ({}, {"server.crt": "server.crt", "server.key": "server.key", "client-ca.crt": "ca.crt"}),
    "of cert-manager": (CERT_MANAGER, {"tls.crt": "server.crt", "tls.key": "server.key", "ca.crt": "ca.crt"}),
}


@pytest.mark.parametrize(("more", "files"), FILES.values(), ids=FILES.keys())
def test_the_pod_signs_people_in_follows_its_files_and_ends(more, files, rootfs, certificates, entra, tmp_path):
    keys = tmp_path / "keys.json"
    entra.write_key_file(str(keys))
    webhook = Webhook(certificates, configuration(), name=f"pod-{tmp_path.name}.yaml")
    made = by_name(rendered(values(webhook, **more)))
    pod = made["Deployment", "kube-entra"]["spec"]["template"]["spec"]
    [container] = pod["containers"]

    (tmp_path / "volumes").mkdir()
    tmp_path.chmod(0o755)
    volumes = Volumes(tmp_path / "volumes", pod)
    text = made["ConfigMap", "kube-entra"]["data"]["kube-entra.yaml"]
    volumes.write("configuration", {"kube-entra.yaml": yaml.safe_dump(text).encode()})
    volumes.write("certificates", {key: open(certificates.path(name), "rb").read() for key, name in files.items()})
    volumes.write("files", {"keys.json": keys.read_bytes()})
    volumes.write("denied", {"denied.json": b'{"denied": []}'})
    volumes.empty("state")

    running = volumes.container(tmp_path, rootfs)
    webhook.start(prefix=running.prefix)
    try:
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"webhook": webhook.port, "operations": webhook.operations}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert webhook.get(container[probe]["httpGet"]["path"])[0] == 200
        token = entra.token()
        assert reason(webhook.review(token)) == "accepted"
        status = running.status()
        assert status["Uid"].split() == ["64170"] * 4 and status["CapEff"].strip("0") == ""

        # What the document says of locking out, and of a changed configuration, happens without a restart.
        volumes.write("denied", {"denied.json": json.dumps({"denied": [{"objectID": OBJECT, "reason": "x"}]}).encode()})
        wait_for(lambda: reason(webhook.review(token)) == "principal_denied", timeout=30)
        text["tenants"][0]["audiences"] = ["99999999-0000-0000-0000-000000000000"]
        volumes.write("configuration", {"kube-entra.yaml": yaml.safe_dump(text).encode()})
        wait_for(lambda: reason(webhook.review(token)) == "audience_not_accepted", timeout=30)
        assert running.status()["Pid"] == status["Pid"]

        running.terminate()
        assert webhook.process.wait(pod["terminationGracePeriodSeconds"]) == 0, webhook.log()
    finally:
        running.delete(webhook.process)
