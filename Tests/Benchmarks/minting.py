"""A separate process that signs the whole token table repeatedly, so that no token becomes too old."""

import multiprocessing
import time
from dataclasses import dataclass, field

import hostile_tokens
import proofs
from entra import ADMINS, DEVELOPERS, LEFT_OUT, OTHER_TENANT, PLAIN
from expectations import BEFORE_THE_KEY
from keep_alive import request
from webhook import review_body

EXTRA_AUDIENCE = "api://soak"
# Some tokens of the table are right for 15 seconds only.
USABLE_FOR = 8.0


@dataclass
class Ticket:
    """One token, ready to be sent, and the expected answer."""

    name: str
    data: bytes
    expected: str
    # The key whose publication decides; None when the answer comes before the key.
    kid: str | None = None
    kind: str = "fixed"
    minted: float = field(default_factory=time.monotonic)


def ticket(name, token, expected, kid=None, kind="fixed", version="v1"):
    return Ticket(name, request(review_body(token, version)), expected, kid, kind)


class Table:
    """Every kind of token. `entra.keys` holds the one key that table tokens are signed with."""

    def __init__(self, entra, pool):
        self.entra, self.pool = entra, pool

    def hostile(self):
        for name, make, expected in hostile_tokens.CASES:
            token = make(self.entra)
            kid = None if expected in BEFORE_THE_KEY else self.entra.keys[-1].kid
            kind = "fixed"
            if name in ("our key for the other tenant", "the other tenant's key for us"):
                kind = name
            yield ticket(name, token, expected, kid, kind, "v1beta1" if len(token) % 3 == 0 else "v1")

    def near_misses(self):
        """Issuers that are almost those of the test's Entra."""
        own = self.entra.authority
        issuer = self.entra.issuer("1.0")
        for number, iss in enumerate(
            [
                issuer[:-1],
                issuer + "/",
                issuer.replace("https", "http"),
                issuer.replace("localhost", "LOCALHOST"),
                issuer.replace("localhost", "localhost.evil.example"),
                issuer.replace("://", "://u@"),
                f"{own}/common/",
                f"{own}/{{tenantid}}/",
                self.entra.issuer("2.0") + "/",
            ]
        ):
            yield ticket(f"near-miss issuer {number}", self.entra.token(iss=iss), "foreign")

    def genuine(self):
        kid = self.entra.keys[-1].kid
        many = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(199)] + [ADMINS]
        for version in ("1.0", "2.0"):
            yield ticket(f"user v{version}", self.entra.token(version=version), "accepted", kid)
            yield ticket(f"200 groups v{version}", self.entra.token(version=version, groups=many), "accepted", kid)
            yield ticket(
                f"app v{version}",
                self.entra.token(version=version, idtyp="app", scp=LEFT_OUT, upn=LEFT_OUT, roles=["Cluster.Viewer"]),
                "accepted",
                kid,
            )
        yield ticket("guest", self.entra.token(upn=LEFT_OUT, idp="https://sts.windows.net/other/"), "accepted", kid)
        yield ticket("a mapped group", self.entra.token(groups=[PLAIN, DEVELOPERS]), "accepted", kid, "mapped")
        yield ticket(
            "an audience of one configuration", self.entra.token(aud=EXTRA_AUDIENCE), "accepted", kid, "audience"
        )
        yield ticket(
            "the other tenant",
            self.entra.token(tenant=OTHER_TENANT, key=self.entra.foreign, header={"kid": self.entra.foreign.kid}),
            "accepted",
            self.entra.foreign.kid,
            "short-lived keys",
        )

    def rotation(self):
        """Each key's tokens, published or not."""
        for key in self.pool:
            yield ticket(
                "by a key that comes and goes", self.entra.token(header={"kid": key.kid}, key=key), "accepted", key.kid
            )

    def proofs(self):
        kid = self.entra.keys[-1].kid
        # Fewer than a round's worth: replays are remembered for a quarter of an hour, which is no leak.
        for _ in range(2):
            yield ticket("a fresh proof", proofs.envelope(self.entra), "accepted", kid, "proof")
        yield ticket(
            "a proof for another host",
            proofs.envelope(self.entra, u="other.example"),
            "proof_of_possession_invalid",
            kid,
        )
        yield ticket(
            "a proof of an hour ago",
            proofs.envelope(self.entra, ts=int(time.time()) - 3600),
            "proof_of_possession_invalid",
            kid,
        )

    def __iter__(self):
        for part in (self.hostile, self.near_misses, self.genuine, self.rotation, self.proofs):
            yield from part()


class Minter:
    """Runs ``Table`` in another process and hands over a list of tickets a round."""

    def __init__(self, entra, pool):
        context = multiprocessing.get_context("fork")
        self.current = context.Value("i", 0)
        self.queue = context.Queue(2)
        self.process = context.Process(target=self.run, args=(entra, pool), daemon=True)
        self.process.start()

    def run(self, entra, pool):
        table = Table(entra, pool)
        while True:
            begin = time.monotonic()
            entra.keys = [pool[self.current.value]]
            self.queue.put(list(table))
            time.sleep(max(0.0, 4.0 - (time.monotonic() - begin)))

    def sign_with(self, index):
        self.current.value = index

    def rounds(self):
        """The newest round, if there is one."""
        newest = None
        while not self.queue.empty():
            newest = self.queue.get()
        return newest

    def first(self):
        return self.queue.get(timeout=60)

    def stop(self):
        self.process.terminate()
        self.process.join(5)
