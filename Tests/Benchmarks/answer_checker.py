"""Compares each answer with the possible ones."""

import json
from collections import Counter

from entra import ADMINS, DEVELOPERS, OBJECT, PLAIN
from expectations import classify


class AnswerChecker:
    def __init__(self, timeline):
        self.timeline = timeline
        self.count = self.strict = 0
        self.reasons = Counter()
        self.names = set()
        self.wrong = []

    def check(self, ticket, answer, begin, end):
        """The answer's reason; faults of the answer are recorded."""
        http, body = answer
        self.count += 1
        self.names.add(ticket.name)
        if http != 200:
            self.note(ticket, f"HTTP {http}", "200")
            return None
        review = json.loads(body)
        status = review["status"]
        found = classify(status)
        self.reasons[found] += 1
        allowed = self.allowed(ticket, begin, end)
        self.strict += len(allowed) == 1
        if review["kind"] != "TokenReview" or "token" in review["spec"] or found not in allowed:
            self.note(ticket, found, sorted(allowed))
        if found == "accepted":
            self.check_user(ticket, status["user"], begin, end)
        elif status.get("user"):
            self.note(ticket, "a user without acceptance", "none")
        return found

    def allowed(self, ticket, begin, end):
        """The possible reasons of the answer."""
        expected = {ticket.expected}
        if ticket.kind == "audience":
            variants = self.timeline.variants(begin, end)
            expected = {"accepted" if variant else "audience_not_accepted" for variant in variants}
        usable = self.timeline.short_lived_usable(begin, end)
        if ticket.kind == "short-lived keys":
            return {"accepted" if state else "keys_unavailable" for state in usable}
        if ticket.kind == "our key for the other tenant" and False in usable:
            expected |= {"keys_unavailable"}
        if ticket.kind == "the other tenant's key for us" and False in usable:
            expected |= {"key_not_found"}
        if ticket.kind.endswith(("tenant", "for us")) and True not in usable:
            expected.discard("key_issuer_mismatch")
        if ticket.kid in self.timeline.published:
            states = self.timeline.key_states(ticket.kid, begin, end)
            # Claims without a readable issuer of ours make it somebody else's token as long as there is no key.
            if False in states:
                expected |= {"key_not_found"} | ({"foreign"} if ticket.expected != "accepted" else set())
            if True not in states:
                expected -= {ticket.expected}
        return expected

    def check_user(self, ticket, user, begin, end):
        groups = user["groups"]
        if ticket.kind == "mapped":
            expected = [[f"developers-{variant}", PLAIN, DEVELOPERS] for variant in self.timeline.variants(begin, end)]
            if groups not in expected:
                self.note(ticket, groups, expected)
        elif ticket.name.startswith(("user", "by a key", "a fresh proof")):
            if (user["username"], user["uid"], groups) != (
                "ada@example.com",
                OBJECT,
                ["kube-entra:cluster-admins", PLAIN, ADMINS],
            ):
                self.note(ticket, user, "Ada, an admin")
        elif ticket.name.startswith("200 groups") and len(groups) != 201:
            self.note(ticket, len(groups), 201)
        elif ticket.name.startswith("app") and "viewers" not in groups:
            self.note(ticket, groups, "viewers")

    def note(self, ticket, found, expected):
        self.wrong.append((ticket.name, found, expected))
