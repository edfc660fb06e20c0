"""sbom.py PROGRAM VERSION ARCH FILE FILES: what the program is made of, as SPDX 2.3 JSON.

Swift packages stand in Package.resolved of the build, the distribution's libraries are those that the loader finds, and
the C++ library that the linker takes parts of. Swift's own libraries are linked into the program; the compiler brings
them. FILES names what the image takes from the distribution: certificate authorities are among it.
"""

import datetime
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse

from libraries import loaded, triplet
from owners import distribution, owners
from packages import pins


def linked(program):
    """libstdc++.a of the newest compiler, which is the one that clang uses."""
    def number(path):
        return [int(part) for part in re.findall(r"\d+", path.split("/")[-2])]

    return sorted(glob.glob(f"/usr/lib/gcc/{triplet(program)}/*/libstdc++.a"), key=number)[-1:]


def swift():
    """The compiler's version and tag, in which its libraries come; none where there is no compiler."""
    try:
        said = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout
    except OSError:
        return []
    return re.findall(r"Swift version (\S+) \((\S+)\)", said)[:1]


def main(program, version, arch, file, taken):
    with open(program, "rb") as opened:
        digest = hashlib.sha256(opened.read()).hexdigest()
    when = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    root = {"SPDXID": "SPDXRef-kube-entra", "name": "kube-entra", "versionInfo": version, "supplier": "NOASSERTION",
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "primaryPackagePurpose": "APPLICATION",
            "checksums": [{"algorithm": "SHA256", "checksumValue": digest}]}
    packages, relations = [root], [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": root["SPDXID"]}]

    def add(name, found, location, relation, reference):
        identity = "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)
        if any(package["SPDXID"] == identity for package in packages):
            return
        packages.append({
            "SPDXID": identity, "name": name, "versionInfo": found, "supplier": "NOASSERTION",
            "downloadLocation": location, "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": reference}]})
        relations.append({"spdxElementId": root["SPDXID"], "relationshipType": relation, "relatedSpdxElement": identity})

    for name, found, location, _ in pins("Package.resolved"):
        place = location.removeprefix("https://")
        add(name, found, location, "STATIC_LINK", f"pkg:swift/{place}@{found}")
    for found, tag in swift():
        add("swift", found, "https://github.com/swiftlang/swift", "STATIC_LINK", f"pkg:github/swiftlang/swift@{tag}")
    with open(taken) as opened:
        others = opened.read().split()
    for paths, relation in ((loaded(program), "DYNAMIC_LINK"), (linked(program), "STATIC_LINK"), (others, "DEPENDS_ON")):
        for name, found, source in owners(paths):
            # As the specification of purl quotes them: a plus in a version would be a space.
            place, escaped = f"pkg:deb/{distribution()}/{urllib.parse.quote(name)}", urllib.parse.quote(found, safe="")
            add(name, found, "NOASSERTION", relation, f"{place}@{escaped}?arch={arch}&upstream={source}")
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"kube-entra-{version}", "documentNamespace": f"https://kube-entra.dev/spdx/{version}/{digest}",
        "creationInfo": {"created": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: deploy/release/sbom.py"]},
        "packages": packages, "relationships": relations}
    with open(file, "w") as opened:
        json.dump(document, opened, indent=1, sort_keys=True)
        opened.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:6])
