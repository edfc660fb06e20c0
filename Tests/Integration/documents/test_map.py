"""What contributors read names files, folders and modules that are there."""

import re

import pytest
from programs import ROOT
from webhook import run

MAP = ROOT / "Sources/README.md"
ENDINGS = r"[\w./+-]+\.(?:swift|py|sh|md)\b"


def named_files(path):
    """Every file that a document names in code; a name with a gap is none."""
    for code in re.findall(r"`([^`\n]+)`", path.read_text()):
        yield from (name for name in re.findall(ENDINGS, code) if "…" not in code and "<" not in code)


@pytest.mark.parametrize("document", [MAP, ROOT / ".github/CONTRIBUTING.md"], ids=lambda path: path.name)
def test_every_file_that_is_named_is_there(document):
    names = set(named_files(document))
    found = [path for folder in ("Sources", "Tests", "deploy") for path in (ROOT / folder).rglob("*")] + [
        ROOT / "Package.swift"
    ]
    paths = [f"/{path.relative_to(ROOT).as_posix()}" for path in found]
    assert names
    assert {name for name in names if not any(path.endswith(f"/{name}") for path in paths)} == set()


def test_every_module_is_on_the_map_in_its_wing():
    listed = {}
    for wing, modules in re.findall(r"^\| `(\w+)` \|[^|]*\| (.*) \|$", MAP.read_text(), re.M):
        listed[wing] = set(re.findall(r"`([\w-]+)`", modules)) - {"CommandFailure"}
    # What the linker reads has a folder there as well, in lower case.
    wings = [path for path in (ROOT / "Sources").iterdir() if path.is_dir() and path.name[0].isupper()]
    assert listed == {wing.name: {module.name for module in wing.iterdir()} for wing in wings}


def test_the_version_in_the_documents_is_the_programs():
    """It is in the names of packages and images. Examples of an upgrade name a newer one, and are left out."""
    version = run("--version")[1].strip()
    found = {}
    for path in [*(ROOT / "deploy").rglob("*.md"), *(ROOT / "deploy").rglob("*.yaml"), ROOT / "README.md"]:
        for line in path.read_text().splitlines():
            names = re.findall(
                r"kube-entra(?:-demo)?[:_-](\d+\.\d+\.\d+)|^(?:version|appVersion): (\S+)|newTag: (\S+)", line
            )
            versions = {one for name in names for one in name if one}
            if "kube-entra-next" not in line and "restarts the service" not in line:
                found.update({(path.relative_to(ROOT).as_posix(), one): line for one in versions})
    assert len(found) > 4
    assert {place: line for place, line in found.items() if place[1] != version} == {}


def test_every_row_of_the_matrix_says_whether_it_was_tried():
    rows = [
        line
        for line in (ROOT / "deploy/compatibility/README.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| | versions")
    ]
    assert len(rows) > 10
    assert [row for row in rows if not re.search(r"\| (tested|documented)\b[^|]* \|$", row)] == []
