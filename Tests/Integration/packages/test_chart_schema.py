"""The schema of the chart's values: no name is misspelt and no value is of another kind without a word from helm."""

import json
import subprocess

import jsonschema
import pytest
import yaml
from charts import CHART, helm
from programs import ROOT
from webhook import run

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# Names that are the user's own.
OWN_NAMES = {
    "global",
    "nodeSelector",
    "podAnnotations",
    "podLabels",
    "serviceMonitor.labels",
    "configuration.tenants[].requiredClaims",
    "resources.requests",
    "resources.limits",
    "extraVolumes[].csi.volumeAttributes",
}
OWN_LABELS = ".matchLabels"


def followed(schema):
    return SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def kinds(schema):
    kind = schema.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)


def parts(schema, path=""):
    """The path and schema of every value that the schema describes; [] is an item of a list."""
    schema = followed(schema)
    yield path, schema
    for name, member in schema.get("properties", {}).items():
        yield from parts(member, f"{path}.{name}".lstrip("."))
    if "items" in schema:
        yield from parts(schema["items"], path + "[]")
    for choice in schema.get("anyOf", []):
        yield from parts(choice, path)


PARTS = list(parts(SCHEMA))
OBJECTS = {path: schema for path, schema in PARTS if "object" in kinds(schema)}
LISTS = {path: schema for path, schema in PARTS if "array" in kinds(schema)}


def placed(path, value):
    """Values with this one at the path."""
    for name in reversed([name for name in path.replace("[]", ".[]").split(".") if name]):
        value = [value] if name == "[]" else {name: value}
    return value


def messages(values):
    """What the schema says against values, wherever it says it. Names of a place that are missing do not count."""
    found = jsonschema.Draft7Validator(SCHEMA).iter_errors(values)
    return [error for error in found if error.validator not in ("required", "minProperties")]


def test_every_object_has_fixed_names_but_for_those_of_the_user():
    assert len(OBJECTS) > 60
    open_ones = {path for path, schema in OBJECTS.items() if schema.get("additionalProperties") is not False}
    assert {path for path in open_ones if not path.endswith(OWN_LABELS)} == OWN_NAMES


NAMES = [(path, name) for path, schema in OBJECTS.items() for name in schema.get("properties", {})]


@pytest.mark.parametrize(("path", "name"), NAMES, ids=".".join)
def test_a_misspelt_name_is_refused(path, name):
    for typo in (name[:-1], name + "s", name.swapcase()):
        found = messages(placed(path, {typo: None}))
        assert [error for error in found if error.validator == "additionalProperties"], typo


OTHERS = {"object": {}, "array": [], "string": "x y", "integer": -1, "number": 0.5, "boolean": True}


@pytest.mark.parametrize("path", LISTS)
def test_an_item_of_another_kind_is_refused(path):
    items = followed(LISTS[path]["items"])
    taken = kinds(items) | ({"string"} if "enum" in items else set())
    for kind in OTHERS.keys() - taken:
        assert messages(placed(path, [OTHERS[kind]])), kind
    assert messages(placed(path, {"0": "x"})) and messages(placed(path, "x"))


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("path", [path for path in OBJECTS if path not in OWN_NAMES and not path.endswith(OWN_LABELS)])
def test_helm_says_which_name_is_misspelt(path):
    done = helm("template", CHART, values=placed(path, {"typo": True}))
    assert done.returncode != 0 and "typo" in done.stderr


def test_every_value_is_described_by_the_schema():
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())

    def check(value, schema, path):
        for name, member in value.items():
            assert name in schema["properties"], (*path, name)
            if isinstance(member, dict) and "properties" in schema["properties"][name]:
                check(member, schema["properties"][name], (*path, name))

    check(values, schema, ())


def test_the_schema_has_the_configurations_own(tmp_path):
    file = tmp_path / "configuration.schema.json"
    file.write_text(run("config", "schema", "--of", "configuration")[1])
    script = ROOT / "Tests" / "chart_schema.py"
    made = subprocess.run([script, "--print", file], capture_output=True, text=True, check=True, timeout=60).stdout
    assert (CHART / "values.schema.json").read_text() == made, "write it again: Tests/chart_schema.py"
