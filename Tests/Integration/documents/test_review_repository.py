"""deploy/review: a repository in which access is reviewed, with its workflow."""

import json
import os
import shlex
import subprocess

import fresh_cluster
import pytest
import yaml
from document_blocks import blocks
from programs import BINARY, ROOT, run
from webhook import configuration


class Repository:
    """The repository of deploy/review, whose commands run as in CI: each block by `bash -e`, with git."""

    document = ROOT / "deploy/review/README.md"

    def __init__(self, tmp_path):
        self.top = tmp_path / "repository"
        self.access = self.top / "access"
        for name in ("suites", "rbac", "cluster"):
            (self.access / name).mkdir(parents=True)
        suite, admins, binding, workflow = blocks(self.document, "yaml")
        self.steps = yaml.safe_load(workflow)["jobs"]["review"]["steps"]
        self.config = configuration(subjects=["user"], groupMappings=[])
        del self.config["tenants"][0]["signingKeys"]
        self.write("kube-entra.yaml", yaml.safe_dump(self.config))
        self.write("suites/access.yaml", suite)
        self.write("rbac/admins.yaml", admins)
        self.write("rbac/team-payments.yaml", binding)
        objects = fresh_cluster.objects()
        builtin = [one for one in objects if one["kind"] == "ClusterRole"]
        everything = [*objects, yaml.safe_load(admins), yaml.safe_load(binding)]
        for name, items in (("builtin", builtin), ("rbac", everything)):
            self.write(f"cluster/{name}.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        programs = tmp_path / "programs"
        programs.mkdir()
        (programs / "kube-entra").symlink_to(BINARY)
        self.comment = tmp_path / "comment.md"
        (programs / "gh").write_text(f'#!/bin/sh\nfor file; do :; done\ncp "$file" {shlex.quote(str(self.comment))}\n')
        (programs / "gh").chmod(0o755)
        who = {f"GIT_{role}_{part}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        self.environment = {**os.environ, **who, "PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
        self.sh("git init -q", self.top)

    def write(self, name, text):
        (self.access / name).write_text(text)

    def sh(self, block, folder, status=0):
        done = subprocess.run(
            ["bash", "-e", "-c", block], cwd=folder, env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == status, (block, done.stdout, done.stderr)

    def is_main(self):
        """Makes what is there now the main branch."""
        self.sh("git add -A; git commit -q --allow-empty -m x; git update-ref refs/remotes/origin/main HEAD", self.top)

    def step(self, name, status=0):
        (step,) = [one for one in self.steps if name in one.get("name", "")]
        # GitHub writes the values before the shell runs.
        self.sh(
            step["run"].replace("${{ github.event.number }}", "7"), self.top / step.get("working-directory", ""), status
        )
        return step

    def review(self):
        """What the reviewer reads of the files as they are."""
        self.step("What the change means")
        return self.comment.read_text()

    def sarif(self):
        """The findings that are uploaded, with the files that they are about."""
        uploads = [step["with"]["sarif_file"] for step in self.steps if "upload-sarif" in step.get("uses", "")]
        assert sorted(path.name for path in self.top.glob("*.sarif")) == sorted(uploads)
        found = [one for name in uploads for one in json.loads((self.top / name).read_text())["runs"][0]["results"]]
        # GitHub shows a finding at a path from the top of the repository.
        uris = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in found}
        assert uris and all((self.top / uri).is_file() for uri in uris), uris
        return {one["ruleId"] for one in found}, uris


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def mapping(*groups):
    return [{"groupObjectID": "9999aaaa-bbbb-cccc-dddd-eeeeffff0000", "kubernetesGroups": list(groups)}]


def test_the_repository_for_reviews(repository):
    """Its files are created as the document says, and its CI commands succeed."""
    repository.is_main()
    repository.config["tenants"][0]["groupMappings"] = mapping("developers")
    repository.write("kube-entra.yaml", yaml.safe_dump(repository.config))
    commands = [one for one in blocks(repository.document, "sh") if "kubectl" not in one and "names fetch" not in one]
    assert len(commands) == 3
    for block in commands:
        repository.sh(block, repository.access)
    review = (repository.access / "review.md").read_text()
    for text in (review, repository.review()):
        assert "get Kubernetes group developers" in text and "can now get, list" in text
    for name in ("beside the lines", "What must stay true"):
        repository.step(name)
    repository.sarif()
    repository.write("names.json", blocks(repository.document, "json")[0])
    repository.config["names"] = "names.json"
    repository.write("kube-entra.yaml", yaml.safe_dump(repository.config))
    named = run("policy", "list", "--config", "kube-entra.yaml", cwd=repository.access)
    assert "(Payments developers)" in named.stdout


def test_a_pull_request_that_makes_a_group_admin_says_so(repository):
    repository.config["tenants"][0]["groupMappings"] = mapping("developers")
    repository.write("kube-entra.yaml", yaml.safe_dump(repository.config))
    repository.is_main()
    assert "can now" not in repository.review()
    binding = yaml.safe_load((repository.access / "rbac/team-payments.yaml").read_text())
    binding["kind"] = "ClusterRoleBinding"
    del binding["metadata"]["namespace"]
    binding["roleRef"]["name"] = "cluster-admin"
    repository.write("rbac/team-payments.yaml", yaml.safe_dump(binding))
    # No finding of a lint: everybody in the group really is admin then.
    repository.step("What must stay true")
    assert "can now do everything with all resources" in repository.review()


def test_the_first_pull_request_of_a_repository_shows_what_it_gives(repository):
    folder = repository.access.rename(repository.top.parent / "access")
    repository.is_main()
    folder.rename(repository.access)
    review = repository.review()
    assert "can now get, list" in review or "can now do everything" in review


def test_what_a_pull_request_may_not_choose_is_of_the_main_branch(repository):
    """The package that is installed as root, the names that the reviewer reads, and what the nightly job wrote."""
    package = repository.top / "tools" / "kube-entra_0.1.0_amd64.deb"
    package.parent.mkdir()
    package.write_text("the right one")
    names = {"9999aaaa-bbbb-cccc-dddd-eeeeffff0000": {"displayName": "Interns", "kind": "group", "deleted": False}}
    repository.write("names.json", json.dumps({"names": names}))
    repository.config["names"] = "names.json"
    repository.write("kube-entra.yaml", yaml.safe_dump(repository.config))
    repository.is_main()
    package.write_text("another")
    (package.parent / "more").write_text("of it")
    names["9999aaaa-bbbb-cccc-dddd-eeeeffff0000"]["displayName"] = "The platform team"
    repository.write("names.json", json.dumps({"names": names}))
    cluster = (repository.access / "cluster/rbac.json").read_text()
    repository.write("cluster/rbac.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": []}))
    repository.config["tenants"][0]["groupMappings"] = mapping("developers")
    repository.write("kube-entra.yaml", yaml.safe_dump(repository.config))
    repository.sh("git add -A; git commit -q -m x", repository.top)
    assert [step.get("name") for step in repository.steps].index("From the main branch") == 1
    repository.step("From the main branch")
    assert [path.read_text() for path in package.parent.iterdir()] == ["the right one"]
    assert (repository.access / "cluster/rbac.json").read_text() == cluster
    review = repository.review()
    assert "Interns" in review and "platform" not in review and "can now get" in review


def test_the_first_pull_request_brings_no_package(repository):
    folder = repository.access.rename(repository.top.parent / "access")
    repository.is_main()
    folder.rename(repository.access)
    (repository.top / "tools").mkdir()
    repository.write("names.json", "{}")
    repository.step("From the main branch")
    assert not (repository.top / "tools").exists() and not (repository.access / "names.json").exists()
    assert (repository.access / "cluster/rbac.json").exists()


def test_other_names_are_a_change(repository):
    """A file of names that the first step does not know of is visible to the reviewer."""
    repository.is_main()
    repository.write("others.json", blocks(repository.document, "json")[0])
    repository.config["names"] = "others.json"
    repository.write("kube-entra.yaml", yaml.safe_dump(repository.config))
    assert "others.json" in repository.review()


@pytest.mark.parametrize(
    "file, text, rule",
    [
        ("rbac/broken.yaml", "kind: ClusterRole\nmetadata: {}\n", "rbac-invalid"),
        ("kube-entra.yaml", "apiVersion: kube-entra.dev/v1\nkind: WebhookConfiguration\n", "configuration-invalid"),
    ],
)
def test_findings_of_a_broken_pull_request_are_uploaded(repository, file, text, rule):
    repository.write(file, text)
    repository.step("beside the lines")
    rules, uris = repository.sarif()
    assert rule in rules and f"access/{file}" in uris
    repository.step("What must stay true", status=2)
