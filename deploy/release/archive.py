"""archive.py FOLDER FILE.tgz PREFIX: packs the files of a folder of this repository so that the same files give the same
bytes. What git ignores stays out: a private key that somebody made there must not be published.
"""

import gzip
import os
import subprocess
import sys
import tarfile


# Tests want an archive soon, people a small one.
LEVEL = int(os.environ.get("KUBE_ENTRA_COMPRESSION", "9"))


def known(folder):
    """What git does not ignore in the folder, and the folders that it is in."""
    command = ["git", "-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]
    found = {name for name in files if os.path.lexists(os.path.join(folder, name))}
    for name in list(found):
        while name := os.path.dirname(name):
            found.add(name)
    return found


def pack(folder, file, prefix="", only=None):
    """Writes FOLDER's files in the order of their names, all of root and of SOURCE_DATE_EPOCH. With `only`, the files
    of these names, with the permissions that git has, whatever the umask was."""
    when = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))

    def plain(info):
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = when
        if only is not None and not info.issym():
            info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
        return info

    paths = []
    for top, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(folders + files):
            path = os.path.join(top, name)
            relative = os.path.relpath(path, folder)
            if only is None or relative in only:
                paths.append((relative, path))
    with open(file, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=when) as packed:
            with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
                for relative, path in sorted(paths):
                    tar.add(path, os.path.join(prefix, relative), recursive=False, filter=plain)


if __name__ == "__main__":
    pack(*sys.argv[1:4], only=known(sys.argv[1]))
