"""The check of the module boundaries finds each kind of fault, in small packages with one fault each."""

import os

import pytest

import walls

BASE = {"name": "Files", "type": "regular", "path": "Sources/Base/Files", "dependencies": []}
ENTRA = {"name": "Entra", "type": "regular", "path": "Sources/Decision/Entra", "dependencies": []}
SERVER = {"name": "Server", "type": "regular", "path": "Sources/Webhook/Server", "dependencies": []}
SUPPORT = {"name": "TestSupport", "type": "regular", "path": "Tests/TestSupport", "dependencies": []}
C = {"name": "CYAML", "type": "system", "path": "Sources/Base/CYAML", "dependencies": []}


def on(*names):
    return [{"byName": [name, None]} for name in names]


def product(name):
    return [{"product": [name, "somewhere", None, None]}]


def check(folder, targets, sources):
    for target in targets:
        os.makedirs(folder / target["path"], exist_ok=True)
    for path, text in sources.items():
        (folder / path).write_text(text)
    return walls.faults({"targets": targets}, folder)


def test_a_package_without_a_fault_has_none(tmp_path):
    targets = [
        BASE,
        C,
        {**ENTRA, "dependencies": on("Files") + product("Logging")},
        {**SERVER, "dependencies": on("Entra", "Files")},
    ]
    assert (
        check(
            tmp_path,
            targets,
            {
                "Sources/Base/Files/A.swift": "import Glibc\n",
                "Sources/Decision/Entra/A.swift": "public import Files\nimport Logging\n",
                "Sources/Webhook/Server/A.swift": "@testable import Entra\nimport struct Files.Path\n",
            },
        )
        == []
    )


@pytest.mark.parametrize(
    "name, targets, source, expected",
    [
        (
            "a dead edge",
            [BASE, {**ENTRA, "dependencies": on("Files")}],
            "import Glibc\n",
            "Entra declares Files and never imports it",
        ),
        (
            "a dead edge to another package",
            [BASE, {**ENTRA, "dependencies": product("Logging")}],
            "let logging = 1\n",
            "Entra declares Logging and never imports it",
        ),
        (
            "an import in a comment is none",
            [BASE, {**ENTRA, "dependencies": on("Files")}],
            "// import Files\n",
            "Entra declares Files and never imports it",
        ),
        (
            "an import in another dialect",
            [BASE, {**ENTRA, "dependencies": on("Files")}],
            "internal import Files\n",
            "Sources/Decision/Entra/A.swift: write `import Files`, which is internal by itself",
        ),
        (
            "an upward import",
            [SERVER, {**ENTRA, "dependencies": on("Server")}],
            "import Server\n",
            "Entra (Decision) imports Server (Webhook), which stands below it",
        ),
        (
            "a program that imports what is for tests",
            [SUPPORT, {**ENTRA, "dependencies": on("TestSupport")}],
            "import TestSupport\n",
            "Entra imports TestSupport, which is for tests",
        ),
        (
            "an import that is not declared",
            [BASE, ENTRA],
            "import Files\n",
            "Entra imports Files (Sources/Decision/Entra/A.swift) and does not declare it",
        ),
        (
            "a dependency twice",
            [BASE, {**ENTRA, "dependencies": on("Files", "Files")}],
            "import Files\n",
            "Entra declares a dependency twice",
        ),
    ],
)
def test_a_planted_fault_is_found(tmp_path, name, targets, source, expected):
    found = check(tmp_path, targets, {"Sources/Decision/Entra/A.swift": source})
    assert len(found) == 1, found
    assert found[0].startswith(expected)


def test_what_tests_share_is_for_tests_of_every_wing_and_stands_on_decisions(tmp_path):
    tests = {**BASE, "name": "FilesTests", "path": "Tests/Base/FilesTests", "dependencies": on("TestSupport")}
    support = {**SUPPORT, "dependencies": on("Entra")}
    sources = {"Tests/Base/FilesTests/A.swift": "import TestSupport\n", "Tests/TestSupport/A.swift": "import Entra\n"}
    assert check(tmp_path, [ENTRA, support, tests], sources) == []
    support = {**SUPPORT, "dependencies": on("Server")}
    (fault,) = check(tmp_path, [SERVER, support], {"Tests/TestSupport/A.swift": "import Server\n"})
    assert fault.startswith("TestSupport (Decision) imports Server (Webhook), which stands below it")


def test_a_file_that_is_too_long_is_found(tmp_path):
    (tmp_path / "Sources/A").mkdir(parents=True)
    (tmp_path / "Tests/Fuzz").mkdir(parents=True)
    (tmp_path / "Sources/A/Long.swift").write_text("\n" * 401)
    (tmp_path / "Sources/A/Short.swift").write_text("\n" * 400)
    (tmp_path / "Tests/long.py").write_text("\n" * 500)
    (tmp_path / "Tests/Fuzz/seeds.py").write_text("\n" * 500)
    assert list(walls.long_files(tmp_path)) == [
        "Sources/A/Long.swift has 401 lines, and 400 are enough for one job",
        "Tests/long.py has 500 lines, and 400 are enough for one job",
    ]
