"""register: its script for the Azure CLI where that is missing, too old or signed in nowhere."""

import os

import pytest
from registering import Desk

OLD = "echo \"az: 'rest' is not in the 'az' command group.\" >&2; exit 2"
NOWHERE = '[ "$*" = "rest --help" ] || { echo "Please run az login to setup account." >&2; exit 1; }'


@pytest.mark.parametrize(
    ("az", "choice", "said"),
    [
        (None, [], ["there is no Azure CLI (az) here", "az login", "Cloud Shell"]),
        (OLD, [], ["too old", "az upgrade"]),
        (NOWHERE, [], ["signed in nowhere", "'az login --allow-no-subscriptions'"]),
        (NOWHERE, ["--cloud", "china"], ["az cloud set --name AzureChinaCloud && az login"]),
    ],
    ids=["none", "old", "not signed in", "not signed in to China"],
)
def test_without_a_working_azure_cli_the_script_says_what_to_do(az, choice, said, tmp_path, monkeypatch):
    desk = Desk(tmp_path / "desk", *choice)
    there = [folder for folder in os.environ["PATH"].split(":") if not os.path.exists(f"{folder}/az")]
    monkeypatch.setenv("PATH", ":".join(there))
    (desk.folder / "bin" / "az").unlink()
    if az:
        (desk.folder / "bin" / "az").write_text(f"#!/bin/sh\n{az}\n")
        (desk.folder / "bin" / "az").chmod(0o755)
    done = desk.register()
    assert done.returncode == 1 and not done.stdout, done.stdout
    last = done.stderr.splitlines()[-1]
    assert last.startswith("register: ") and all(words in last for words in said), done.stderr
