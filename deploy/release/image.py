"""image.py ROOT FILE.oci.tar VERSION ARCH: an OCI image archive of one layer. The same files give the same bytes.

Source: OCI Image Format Specification 1.1.
"""

import datetime
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

from archive import LEVEL, pack

WRITABLE = ("var/lib/kube-entra", "var/log/kube-entra")


def main(root, file, version, arch):
    when = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    created = datetime.datetime.fromtimestamp(when, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    layer_file = file + ".layer"
    pack(root, layer_file)
    with open(layer_file, "rb") as opened:
        layer = owned(opened.read(), when)
    os.remove(layer_file)
    blobs = {}

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": "sha256:" + digest, "size": len(data)}

    def document(value):
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    labels = {"org.opencontainers.image.title": "kube-entra", "org.opencontainers.image.version": version,
              "org.opencontainers.image.description": "Microsoft Entra sign-in for Kubernetes"}
    config = blob(document({
        "architecture": arch, "os": "linux", "created": created,
        "config": {"User": "65532:65532", "Entrypoint": ["/usr/bin/kube-entra"], "Cmd": ["--help"],
                   "WorkingDir": "/", "Env": ["PATH=/usr/bin"], "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(gzip.decompress(layer)).hexdigest()]},
        "history": [{"created": created, "created_by": "deploy/release/image.sh"}]}), "config.v1+json")
    manifest = blob(document({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
        "layers": [blob(layer, "layer.v1.tar+gzip")], "annotations": labels}), "manifest.v1+json")
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{
        **manifest, "platform": {"architecture": arch, "os": "linux"},
        "annotations": {"org.opencontainers.image.ref.name": version}}]}
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as tar:
        def add(name, data):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), when, 0o644
            tar.addfile(info, io.BytesIO(data))

        add("oci-layout", document({"imageLayoutVersion": "1.0.0"}))
        add("index.json", document(index))
        for digest in sorted(blobs):
            add("blobs/sha256/" + digest, blobs[digest])


def owned(layer, when):
    """The same layer with the folders that the program writes to belonging to its user."""
    result = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(layer)) as source, gzip.GzipFile(
            filename="", mode="wb", compresslevel=LEVEL, fileobj=result, mtime=when) as packed, tarfile.open(
            fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as target:
        for info in source:
            if info.name in WRITABLE:
                info.uid = info.gid = 65532
            target.addfile(info, source.extractfile(info) if info.isfile() else None)
    return result.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:5])
