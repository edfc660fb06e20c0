"""A running webhook, called by the code of a newer kube-apiserver than can be built whole: k8s.io/apiserver 0.36 as Debian
has it (library/main.go), with the files that the program's own commands write."""

import json
import subprocess

import pytest
from access_reviews import OTHER
from certificates import Certificates
from entra import ADMINS, OBJECT, OTHER_TENANT, TENANT, Entra
from programs import ROOT
from webhook import Webhook, configuration, run, wait_for

LIBRARY = str(ROOT / ".build-cluster" / "bin" / "library")
CLUSTER = "https://kubernetes.default.svc"


def library(*arguments, lines):
    done = subprocess.run(
        [LIBRARY, *arguments], input="".join(f"{line}\n" for line in lines), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Served:
    """A webhook with a deny list, and the files with which kube-apiserver calls it."""

    def __init__(self, folder):
        self.folder = folder
        self.certificates = Certificates(str(folder))
        self.entra = Entra(str(folder), self.certificates)
        self.entra.write_key_file(self.certificates.path("keys.json"))
        (folder / "denied.json").write_text('{"denied": []}')
        self.webhook = Webhook(self.certificates, configuration(deniedFile="denied.json")).start()

    def write(self, kind, path, *arguments):
        out = self.certificates.path(f"{kind}.yaml")
        code, _, said = run(
            *["kubeconfig", kind, "--server", f"https://127.0.0.1:{self.webhook.port}{path}", "--force", "--out", out],
            *["--certs", str(self.folder), *arguments],
        )
        assert code == 0, said
        return out

    def authenticate(self, *tokens, version="v1"):
        return library("authenticate", self.write("webhook", "/authenticate"), version, CLUSTER, lines=tokens)

    def authorize(self, *requests, options=()):
        return library(
            "authorize",
            self.write("authorization", "/authorize", *options),
            lines=[json.dumps(one) for one in requests],
        )

    def deny(self, *arguments):
        code, _, said = run("deny", "add", "--file", str(self.folder / "denied.json"), "--reason", "x", *arguments)
        assert code == 0, said


@pytest.fixture
def served(tmp_path):
    made = Served(tmp_path)
    yield made
    made.webhook.stop()


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_authenticator_understands_who_is_accepted(served, version):
    (answer,) = served.authenticate(served.entra.token(groups=[ADMINS]), version=version)
    assert answer["error"] == "" and answer["authenticated"] and answer["audiences"] == [CLUSTER], answer
    user = answer["user"]
    assert user["Name"] == "ada@example.com" and user["UID"] == OBJECT
    assert user["Groups"] == ["kube-entra:cluster-admins", ADMINS]
    assert user["Extra"]["kube-entra.dev/tenant-id"] == [TENANT]


def test_the_authenticator_understands_who_is_refused(served):
    token = served.entra.token
    wrong, foreign, junk, good = served.authenticate(
        token(aud="another"), token(tenant=OTHER_TENANT, iss="https://issuer.example"), "not a token", token()
    )
    assert not wrong["authenticated"] and wrong["error"].startswith("kube-entra: audience_not_accepted: "), wrong
    # Another authenticator may know these: no error.
    assert (foreign["authenticated"], foreign["error"]) == (False, "")
    assert (junk["authenticated"], junk["error"]) == (False, "")
    assert good["authenticated"]


def test_the_authenticator_says_that_the_webhook_is_down(served):
    served.webhook.stop()
    (answer,) = served.authenticate(served.entra.token())
    assert not answer["authenticated"] and "connection refused" in answer["error"], answer


@pytest.mark.parametrize(
    "options",
    [(), ("--kubernetes", "1.31"), ("--kubernetes", "1.36"), ("--embed",)],
    ids=["1.32", "1.31", "1.36", "embedded"],
)
def test_the_authorizer_denies_whom_the_deny_list_names_and_asks_about_nobody_else(served, options):
    (accepted,) = served.authenticate(served.entra.token())
    person = {"user": accepted["user"], "verb": "get", "resource": "pods", "namespace": "x"}
    path = {"user": accepted["user"], "verb": "get", "path": "/healthz"}
    node = {"user": {"Name": "system:node:node", "Groups": ["system:nodes"]}, "verb": "get", "resource": "pods"}
    answers = served.authorize(person, path, node, options=options)
    assert [answer["decision"] for answer in answers] == ["NoOpinion"] * 3, answers
    assert [answer["error"] for answer in answers] == [""] * 3
    assert answers[0]["authorizers"] == ["Webhook", "Node", "RBAC"]
    # The match condition spares the webhook the node's request.
    assert served.webhook.metric("kube_entra_access_reviews_total") == 2

    served.deny("--object-id", OBJECT)
    wait_for(lambda: served.webhook.metric("kube_entra_denied_entries") == 1, timeout=30)
    person_now, path_now, node_now = served.authorize(person, path, node, options=options)
    assert person_now["decision"] == path_now["decision"] == "Deny"
    assert person_now["reason"].startswith("kube-entra: principal_denied: "), person_now
    assert node_now["decision"] == "NoOpinion"
    # Somebody else who signed in stays.
    other = dict(person["user"], UID=OTHER, Extra={**person["user"]["Extra"], "oid": [OTHER]})
    (answer,) = served.authorize({**person, "user": other}, options=options)
    assert (answer["decision"], answer["error"]) == ("NoOpinion", "")


def test_the_authorizer_goes_on_without_the_webhook(served):
    (accepted,) = served.authenticate(served.entra.token())
    served.webhook.stop()
    (answer,) = served.authorize({"user": accepted["user"], "verb": "get", "resource": "pods"})
    assert answer["decision"] == "NoOpinion" and "connection refused" in answer["error"], answer
