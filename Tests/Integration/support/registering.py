"""Where somebody runs the script of `register`."""

import json
import os
import subprocess

from azure_cli import AZ
from programs import run


class Desk:
    """A folder with the script, an Azure CLI and an Entra."""

    def __init__(self, folder, *choice):
        script = run("register", "--format", "az", *choice)
        assert script.returncode == 0, script.stderr
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        (folder / "register.sh").write_text(script.stdout)
        for name, text in [("az", AZ), ("sleep", "#!/bin/sh\n")]:
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)

    def register(self, *words, fail="none:500", piped=None):
        store = str(self.folder / "store")
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "register.sh", *words] if piped is None else ["bash", "-s", "--", *words],
            input=piped,
            cwd=self.folder,
            env={**os.environ, "PATH": path, "AZ_STORE": store, "AZ_FAIL": fail},
            capture_output=True,
            text=True,
            timeout=300,
        )

    @property
    def held(self):
        return json.loads((self.folder / "store").read_text())

    def hold(self, **objects):
        empty = {"applications": {}, "groups": {}, "principals": {}, "grants": [], "members": []}
        (self.folder / "store").write_text(json.dumps({**empty, **objects}))
