"""archive.py FOLDER FILE.tgz PREFIX: packs a folder so that the same files give the same bytes."""

import gzip
import os
import sys
import tarfile


# Tests want an archive soon, people a small one.
LEVEL = int(os.environ.get("KUBE_ENTRA_COMPRESSION", "9"))


def pack(folder, file, prefix="", owner=0, skip=()):
    """Writes FOLDER's files in the order of their names, all of one owner and of SOURCE_DATE_EPOCH."""
    when = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

    def plain(info):
        info.uid = info.gid = owner
        info.uname = info.gname = ""
        info.mtime = when
        return info

    paths = []
    for top, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(top, name)
            relative = os.path.relpath(path, folder)
            if relative not in skip:
                paths.append((relative, path))
    with open(file, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=when) as packed:
            with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
                for relative, path in sorted(paths):
                    tar.add(path, os.path.join(prefix, relative), recursive=False, filter=plain)


if __name__ == "__main__":
    pack(*sys.argv[1:4])
