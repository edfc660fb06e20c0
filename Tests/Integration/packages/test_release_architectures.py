"""A release is for one architecture: that of the programs, which need not be that of the machine that packs them."""

import pytest
from programs import ROOT
from released import run
from webhook import PROGRAM

LIBRARIES = ROOT / "deploy/release/libraries.py"
ARM64, RISCV = 0xB7, 0xF3


@pytest.fixture
def made_for(tmp_path):
    """The program, with another machine named in its header, in a folder of its own."""

    def change(machine):
        with open(PROGRAM, "rb") as opened:
            data = bytearray(opened.read())
        data[18:20] = machine.to_bytes(2, "little")
        folder = tmp_path / "built"
        folder.mkdir()
        for name in ("kube-entra", "kube-entra-demo"):
            (folder / name).write_bytes(data)
        return folder

    return change


def test_libraries_are_those_that_the_loader_takes():
    loaded = {word for word in run("ldd", PROGRAM).split() if word.startswith("/")}
    assert set(run("python3", LIBRARIES, PROGRAM).split()) == loaded


def test_libraries_are_of_the_programs_architecture(made_for):
    program = made_for(ARM64) / "kube-entra"
    try:
        found = run("python3", LIBRARIES, program)
    except AssertionError:
        # Few machines have libraries of both; what is missing then is said.
        found = run("python3", LIBRARIES, program, status=1)
        assert f"which {program} needs, is not in " in found
    assert "/lib/aarch64-linux-gnu" in found
    assert "x86_64-linux-gnu" not in found


def test_release_says_that_there_are_no_packages_for_an_architecture(made_for, tmp_path):
    said = run(ROOT / "deploy/release.sh", tmp_path / "out", "--built", made_for(RISCV), status=1)
    assert said == "deploy/release.sh: there are no packages for RISC-V\n"


def test_files_for_one_architecture_have_its_name(release):
    arch = run("dpkg", "--print-architecture").strip()
    neutral = {file.name for file in release.iterdir() if arch not in file.name}
    assert neutral == {*(file.name for file in release.glob("kube-entra-chart-*.tgz")), "SHA256SUMS", "SHA256SUMS.sig"}
