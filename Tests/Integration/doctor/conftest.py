import json
import subprocess

import pytest
from doctors import APIServer, Bench
from json_server import serving
from programs import BINARY
from signed_tokens import ADMINS, KEY, SERVER, TENANT


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
    with serving(APIServer, folder / "certs/server.crt", folder / "certs/server.key") as port:
        yield port


@pytest.fixture
def bench(folder, port):
    return Bench(folder, port)
