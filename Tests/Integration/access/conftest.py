import json

import pytest
import yaml
from webhook import configuration, run


@pytest.fixture
def ask(tmp_path):
    """Calls a command on a configuration and objects."""

    def ask(*words, objects=(), tenant=None, top=None, output="json", more=()):
        (tmp_path / "c.yaml").write_text(yaml.safe_dump({**configuration(**(tenant or {})), **(top or {})}))
        (tmp_path / "cluster.yaml").write_text(yaml.safe_dump_all(list(objects)))
        code, out, err = run(
            *words,
            "--config",
            str(tmp_path / "c.yaml"),
            "--cluster",
            str(tmp_path / "cluster.yaml"),
            *more,
            "--output",
            output,
        )
        return code, json.loads(out) if output in ("json", "sarif") and out else out, err

    return ask


@pytest.fixture
def file(tmp_path):
    return tmp_path / "denied.json"
