"""The measured reviews, and the server that answers them."""

import os
import sys
import tempfile
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Integration", "support"))

from certificates import Certificates
from entra import ADMINS, Entra
from webhook import Webhook, configuration


def review_body(token):
    """In the form of Go's encoder in kube-apiserver."""
    return (
        '{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"spec":{"token":"'
        + token
        + '","audiences":["https://kubernetes.default.svc"]},"status":{"user":{}}}'
    )


class Cases:
    """Tokens and servers in a separate folder."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="kube-entra-bench-")
        self.certificates = Certificates(self.folder.name)
        self.entra = Entra(self.folder.name, self.certificates)
        self.entra.write_key_file(self.certificates.path("keys.json"))

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def config(self, entries=10_000, any_client=False, protocols=None, **changes):
        """One event loop. `any_client`: without client certificates, which neither wrk nor h2load can present."""
        config = configuration()
        config["verifiedTokenCache"] = {"entries": entries}
        config["server"]["eventLoops"] = 1
        if any_client:
            del config["server"]["clientCA"]
            config["server"]["insecureAllowAnyClient"] = True
        if protocols:
            config["server"]["protocols"] = protocols
        for name, value in changes.items():
            config[name] = value
        return config

    def server(self, config):
        return Webhook(self.certificates, config)

    def token(self, groups=5, **changes):
        ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(groups - 1)] + [ADMINS]
        return self.entra.token(uti=uuid.uuid4().hex, groups=ids[-groups:] if groups else [], **changes)

    def distinct(self, count, groups=5):
        return [self.token(groups) for _ in range(count)]

    def bad_signature(self):
        head, signature = self.token().rsplit(".", 1)
        return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"

    def foreign(self):
        """A service account's token, which a kube-apiserver asks every authenticator about."""
        return self.entra.token(iss="https://kubernetes.default.svc", header={"kid": "sa"})
