"""statement.py FOLDER VERSION ARCH COMMIT [given]: an in-toto statement of how the files of a release were built.

`given` says that the programs were there already, so that nothing is known about how they were built.

Source: in-toto Statement v1 with a SLSA provenance v1 predicate.
"""

import hashlib
import json
import os
import subprocess
import sys

from packages import pins


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return "unknown"
    return (done.stdout.splitlines() or ["unknown"])[0].strip()


def main(folder, version, arch, commit, programs=""):
    subjects = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            subjects.append({"name": name, "digest": {"sha256": hashlib.sha256(file.read()).hexdigest()}})
    sources = [{"name": "source", "digest": {"gitCommit": commit}}] if commit != "unknown" else []
    if not programs:
        sources += [{"name": name, "uri": f"git+{location}@{found}", "digest": {"gitCommit": revision}}
                    for name, found, location, revision in pins("Package.resolved")]
    statement = {
        "_type": "https://in-toto.io/Statement/v1", "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://kube-entra.dev/release/v1",
                "externalParameters": {"version": version, "architecture": arch, "commit": commit,
                                       "sourceDateEpoch": int(os.environ.get("SOURCE_DATE_EPOCH", "0"))},
                "internalParameters": {"script": "deploy/release.sh", "programs": programs or "built"},
                "resolvedDependencies": sources},
            "runDetails": {"builder": {"id": "https://kube-entra.dev/release.sh", "version": {
                "swift": first_line("swift", "--version"), "openssl": first_line("openssl", "version"),
                "debian": first_line("cat", "/etc/debian_version")}}}}}
    with open(os.path.join(folder, f"kube-entra-{version}-{arch}.intoto.json"), "w") as file:
        json.dump(statement, file, indent=1, sort_keys=True)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:6])
