"""What the commands about RBAC read: files, folders and standard input, and what is wrong with them."""

import json
import os
import random
import re

import fresh_cluster
import pytest
import yaml
from rbac_objects import READER, binding, group
from webhook import configuration, run


@pytest.mark.parametrize(
    "text, place, part",
    [
        ("kind: ClusterRole\nmetadata: {}\n", "2:11", "no name"),
        ("kind: ClusterRole\nmetadata: {name: a}\nrules: [{verbs: get}]\n", "3:17", "must be a list"),
        ("kind: ClusterRole\nkind: ClusterRole\n", "2:1", "twice"),
        ("kind: RoleBinding\nmetadata: {name: a}\n", "1:1", "roleRef"),
        ('{"kind": "ClusterRole",\n "metadata": {"name": 1}}', "2:23", "string"),
        ("kind: [", "2:1", ""),
    ],
)
def test_what_cannot_be_read_has_its_place(text, place, part, tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    code, out, err = run("rbac", "lint", "--config", str(tmp_path / "c.yaml"), "--cluster", str(file))
    assert (code, out) == (2, "") and err.startswith(f"{file}:{place}: ") and part in err


def test_files_folders_and_standard_input(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(READER))
    (folder / "below" / "b.yml").write_text(yaml.safe_dump(binding("b", "reader", group("developers"))))
    (folder / "notes.txt").write_text("kind: [")
    (folder / "empty.yaml").write_text("# nothing\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "broken.yaml").write_text("kind: [")
    os.symlink(elsewhere, folder / "link")
    os.symlink(folder / "a.json", folder / "same.json")
    lint = ["rbac", "lint", "--config", str(tmp_path / "c.yaml"), "--output", "json", "--cluster"]
    code, out, _ = run(*lint, str(folder))
    assert (code, json.loads(out)["input"]["objects"]) == (0, 2)
    other = "kind: Widget\n---\n" + yaml.safe_dump(READER) + "---\nkind: ConfigMap\napiVersion: v1\n"
    code, out, err = run(*lint, "-", input=other)
    assert (code, json.loads(out)["input"]) == (0, {"objects": 1, "passedOver": 2, "unknownKinds": {"Widget": 1}})
    assert "Widget" in err
    for nothing in ("", "# nothing\n"):
        assert run(*lint, "-", input=nothing)[0] == 2
    code, _, err = run(*lint, "-", input=json.dumps(READER).encode("utf-16"))
    assert code == 2 and "UTF-16" in err
    assert run(*lint, str(tmp_path / "nosuch"))[0] == 2
    assert run(*lint, "-", "--cluster", "-", input=other)[0] == 64


def test_more_than_is_read(tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    large = tmp_path / "large.json"
    with open(large, "wb") as file:
        file.truncate(100_000_001)
    code, _, err = run("rbac", "lint", "--config", str(tmp_path / "c.yaml"), "--cluster", str(large), timeout=120)
    assert code == 2 and "100 MB" in err


def test_damaged_input_is_refused_with_a_place(tmp_path):
    """Random changes of bytes: the result is success or an error with a place, never a crash."""
    dice = random.Random("damage")
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configuration()))
    objects = fresh_cluster.objects()[-12:]
    seeds = [json.dumps({"kind": "List", "items": objects}).encode(), yaml.safe_dump_all(objects).encode()]
    parts = [b'"', b"{", b"[", b"\\ud83d", b"&a ", b"*a ", b"null", b"- ", b"---\n", b"1e999", b"\xff", b"<<: "]
    refused = 0
    for number in range(100):
        data = bytearray(dice.choice(seeds))
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(data))
            way = dice.random()
            if way < 0.4:
                data[at] = dice.randrange(256)
            elif way < 0.7:
                data[at:at] = dice.choice(parts)
            else:
                del data[at : at + dice.randint(1, 40)]
        file = tmp_path / f"cluster{dice.choice(['.json', '.yaml'])}"
        file.write_bytes(data)
        code, out, err = run(
            "rbac", "lint", "--config", str(tmp_path / "c.yaml"), "--cluster", str(file), "--output", "json"
        )
        assert code in (0, 2), (number, err)
        if code == 2:
            assert re.match(rf"{re.escape(str(file))}:[0-9]+:[0-9]+: ", err) and out == "", err
            refused += 1
        else:
            json.loads(out)
    assert refused > 50
