"""`serve` never waits for the writer of a pipe."""

import os
import signal

import pytest
from webhook import wait_for


@pytest.mark.parametrize("name", ["keys.json", "server.crt", "denied.json", None])
def test_serve_does_not_wait_for_a_pipe(start, entra, certificates, name):
    """Somebody puts one in the place of a file: the last good one stays in force, and the service still ends."""
    path = certificates.path("denied.json")
    with open(path, "w") as file:
        file.write('{"denied":[]}')
    server = start(tenant={"deniedFile": "denied.json"})
    changed = server.config_path if name is None else certificates.path(name)
    kept = changed + ".kept"
    before = server.metric("kube_entra_config_reloads_total")
    os.rename(changed, kept)
    try:
        os.mkfifo(changed, 0o600)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: server.metric("kube_entra_config_reloads_total") > before)
        assert server.review(entra.token())["authenticated"]
        server.stop()
    finally:
        os.unlink(changed)
        os.rename(kept, changed)
