"""Lines of the decision log and of the audit file."""

import json

AUDIT = "kube_entra_log_lines_dropped_total"


def lines(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data.endswith(b"\n") or not data, "half a line"
    return [json.loads(line) for line in data.splitlines()]


def decisions(server):
    return [line for line in server.log().splitlines() if " token review " in line]
