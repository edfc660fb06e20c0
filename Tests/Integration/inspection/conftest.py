import json
import shutil

import pytest
from webhook import configuration


@pytest.fixture(scope="module")
def place(certificates, entra, tmp_path_factory):
    """A folder with a configuration and all that it names; the first tenant is the only one."""
    folder = tmp_path_factory.mktemp("inspect")
    for name in ("server.crt", "server.key", "ca.crt"):
        shutil.copy2(certificates.path(name), folder)
    entra.write_key_file(str(folder / "keys.json"))
    (folder / "config.yaml").write_text(json.dumps(configuration()))
    return folder
