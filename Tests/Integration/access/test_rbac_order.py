"""The order of words in which the usage shows them: --cluster takes several paths, and nothing but paths."""

import pytest
import yaml
from entra import DEVELOPERS
from rbac_objects import READER, binding, group
from webhook import configuration, run


@pytest.fixture
def files(tmp_path):
    objects = [READER, binding("b", "reader", group("developers"), namespace="team")]
    (tmp_path / "rbac.yaml").write_text(yaml.safe_dump_all(objects))
    (tmp_path / "more.yaml").write_text(yaml.safe_dump(binding("c", "reader", group("others"), namespace="other")))
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    return ["--config", str(tmp_path / "c.yaml"), "--cluster", str(tmp_path / "rbac.yaml")]


def test_a_token_behind_the_paths_is_the_token(files, entra, tmp_path):
    entra.write_key_file(str(tmp_path / "keys.json"))
    more = ["--keys", str(tmp_path / "keys.json")]
    token = entra.token(groups=[DEVELOPERS])
    before = run("rbac", "explain", token, *more, *files)
    assert before[0] == 0 and "reader" in before[1], before[2]
    assert run("rbac", "explain", *more, *files, token) == before
    code, out, err = run("rbac", "explain", *more, *files, str(tmp_path / "more.yaml"), token)
    assert code == 0 and "reader" in out, err
    assert token.split(".")[2] not in out + err
    # A path stays one, and a principal that is given is enough.
    code, _, err = run("rbac", "explain", "--user", "a@b.example", *files, "missing.yaml")
    assert code == 2 and "missing.yaml" in err


def test_a_verb_and_a_resource_behind_the_paths(files, tmp_path):
    question = ["get", "pods", "-n", "team"]
    before = run("rbac", "who", "--can", *question, *files)
    assert before[0] == 0 and DEVELOPERS in before[1], before[2]
    assert run("rbac", "who", "--can", *files, *question) == before
    assert run("rbac", "who", "--can", *files, str(tmp_path / "more.yaml"), *question)[0] == 0
    for words in ([], ["get"], ["get", "pods", "x"]):
        code, out, err = run("rbac", "who", "--can", *words, *files)
        assert code == 64 and not out and "--can get pods" in err, err
