"""The JSON Schemas of what API servers publish about their objects, one set for each minor version of Kubernetes. They
are strict: a field that the version does not have is a fault. Taken from the Python package kubernetes-validate."""

import functools
import importlib.util
import json
import pathlib

import jsonschema
import referencing

VERSIONS = tuple(f"1.{minor}" for minor in range(27, 38))
FOLDER = pathlib.Path(importlib.util.find_spec("kubernetes_validate").origin).parent / "kubernetes-json-schema"


def faults(document, version):
    """What this version of Kubernetes finds wrong with the object, one line each."""
    found = validator(version, document["kind"], document["apiVersion"]).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found]


@functools.cache
def registry(version):
    definitions = referencing.Resource.from_contents(read(version, "_definitions"))
    return referencing.Registry().with_resource(definitions.id(), definitions).crawl()


@functools.cache
def validator(version, kind, api_version):
    group, _, name = api_version.rpartition("/")
    parts = [kind.lower(), group.partition(".")[0], name]
    schema = read(version, "-".join(part for part in parts if part))
    return jsonschema.Draft202012Validator(schema, registry=registry(version))


def read(version, name):
    return json.loads((FOLDER / f"v{version}.0-local-strict" / f"{name}.json").read_bytes())
