"""Runs `deny`."""

import base64
import json
import time

from webhook import configuration, run

OTHER = "0b1ec700-0000-0000-0000-0000000000ff"


def entries(file):
    return json.loads(file.read_text())["denied"]


def jwt(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def soon(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def deny(*arguments, input=None):
    return run("deny", *map(str, arguments), input=input)


def add(file, *arguments, reason="left", input=None):
    return deny("add", "--file", file, "--reason", reason, *arguments, input=input)


def config(file, **tenant):
    # As long a poll as the contract allows may pass before a change is seen.
    return configuration(deniedFile=str(file), **tenant)
