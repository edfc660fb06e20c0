"""What SARIF 2.1.0 (OASIS, sarif-schema-2.1.0.json) says of the parts that this program writes, and no member beside them.

The standard's schema allows no member that it does not name, so this one does not either.
"""

import jsonschema


def an_object(required, **properties):
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def a_list(items, **more):
    return {"type": "array", "items": items, **more}


TEXT = {"type": "string", "minLength": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
# A URI reference (RFC 3986): no space, no control character, a per cent sign only before two digits.
URI = {
    "type": "string",
    "format": "uri-reference",
    "pattern": r"^([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-F]{2})+$",
}
MESSAGE = an_object(["text"], text=TEXT)
REGION = an_object([], startLine={"type": "integer", "minimum": 1}, startColumn={"type": "integer", "minimum": 1})
LOCATION = an_object(
    [],
    physicalLocation=an_object(["artifactLocation"], artifactLocation=an_object([], uri=URI), region=REGION),
    logicalLocations=a_list(an_object([], fullyQualifiedName=TEXT), uniqueItems=True),
)
RULE = an_object(["id"], id=TEXT, shortDescription=MESSAGE, defaultConfiguration=an_object([], level=LEVEL))
RESULT = an_object(
    ["message"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=MESSAGE,
    locations=a_list(LOCATION),
    suppressions=a_list(
        an_object(["kind"], kind={"enum": ["inSource", "external"]}, justification={"type": "string"}), uniqueItems=True
    ),
)
DRIVER = an_object(["name"], name=TEXT, version=TEXT, rules=a_list(RULE, uniqueItems=True))
RUN = an_object(
    ["tool"],
    tool=an_object(["driver"], driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results=a_list(RESULT),
)
LOG = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **an_object(
        ["version", "runs"],
        **{"$schema": {"type": "string", "format": "uri"}},
        version={"const": "2.1.0"},
        runs=a_list(RUN),
    ),
}

VALIDATOR = jsonschema.Draft202012Validator(LOG)


def check(log):
    """Fails where the log is not SARIF, with the place."""
    wrong = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(log)]
    assert not wrong, wrong[:5]
