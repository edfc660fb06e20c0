#!/usr/bin/env python3
"""Writes the configuration's JSON Schema into the schema of the chart's values.

Usage: Tests/chart_schema.py [--print] [SCHEMA]; default: deploy/reference/configuration.schema.json.
With --print the result goes to standard output. helm shows no descriptions, so the chart has none.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
VALUES = ROOT / "deploy" / "chart" / "values.schema.json"
TEXTS = ("$schema", "title", "description", "default")


def without_texts(schema):
    """What a JSON Schema takes, without what it tells."""
    if isinstance(schema, list):
        return [without_texts(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for name, member in schema.items():
        if name == "properties":
            made[name] = {field: without_texts(form) for field, form in member.items()}
        elif name not in TEXTS:
            made[name] = without_texts(member)
    return made


def text(value, indent="", used=0):
    """JSON with one line for each object and list that fits into one."""
    line = json.dumps(value)
    if len(indent) + used + len(line) < 120 or not isinstance(value, (dict, list)):
        return line
    deeper = indent + "  "
    if isinstance(value, list):
        members = [text(member, deeper) for member in value]
        start, end = "[]"
    else:
        names = {name: f"{json.dumps(name)}: " for name in value}
        members = [names[name] + text(member, deeper, len(names[name])) for name, member in value.items()]
        start, end = "{}"
    lines = ",\n".join(deeper + member for member in members)
    return f"{start}\n{lines}\n{indent}{end}"


def main(arguments):
    to_output = arguments[:1] == ["--print"]
    rest = arguments[1:] if to_output else arguments
    source = pathlib.Path(rest[0]) if rest else ROOT / "deploy" / "reference" / "configuration.schema.json"
    values = json.loads(VALUES.read_text())
    values["properties"]["configuration"] = without_texts(json.loads(source.read_text()))
    made = text(values) + "\n"
    if to_output:
        sys.stdout.write(made)
    else:
        VALUES.write_text(made)


main(sys.argv[1:])
