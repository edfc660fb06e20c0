"""The possible answers during changes: a model of Entra, the files and time, without any code of the program."""

import re

# By then a change must have arrived: key refreshes at most a second apart, files looked at every second.
SETTLE = 6.0
# Before this an outage changes nothing for the tenant with maximumAge 6s, after the other it has no keys.
KEYS_SURELY_USABLE = 3.0
KEYS_SURELY_TOO_OLD = 8.0
NEVER = float("inf")

BEFORE_THE_KEY = {"algorithm_not_allowed", "header_not_allowed", "key_id_missing", "key_not_found", "foreign"}


class Fact:
    """A value over time."""

    def __init__(self, value):
        self.history = [(-NEVER, value)]

    def change(self, value, now):
        self.history.append((now, value))
        # Nothing looks back by more than a minute.
        while len(self.history) > 2 and self.history[1][0] < now - 60:
            self.history.pop(0)

    @property
    def value(self):
        return self.history[-1][1]

    def possible(self, begin, end, settled):
        """Values that may be active from `begin` to `end`, if each lasts until its change has taken effect."""
        values = set()
        for index, (since, value) in enumerate(self.history):
            if since > end:
                break
            last = index + 1 == len(self.history)
            until = NEVER if last else settled(self.history[index + 1][0])
            if until >= begin:
                values.add(value)
        return values


class Timeline:
    def __init__(self, keys):
        self.published = {kid: Fact(False) for kid in keys}
        self.variant = Fact(0)
        self.outages = []

    # Events

    def outage_begins(self, now):
        self.outages = [outage for outage in self.outages if outage[1] > now - 60] + [[now, NEVER]]

    def outage_ends(self, now):
        self.outages[-1][1] = now

    # What follows from them

    def fetched_by(self, time):
        """When a change in Entra is certainly known: Entra has answered without interruption for long enough."""
        for down, up in self.outages:
            if down < time + SETTLE and up > time - 1:
                if up == NEVER:
                    return NEVER
                time = max(time, up)
        return time + SETTLE

    def key_states(self, kid, begin, end):
        return self.published[kid].possible(begin, end, self.fetched_by)

    def variants(self, begin, end):
        return self.variant.possible(begin, end, lambda time: time + SETTLE)

    def short_lived_usable(self, begin, end):
        """Whether the tenant whose keys soon grow too old has usable ones: {True}, {False} or both."""
        states = set()
        unsure = False
        for down, up in self.outages:
            if min(up, end) <= down + KEYS_SURELY_USABLE or begin > up + SETTLE or end < down + KEYS_SURELY_USABLE:
                continue
            if begin >= down + KEYS_SURELY_TOO_OLD and end <= up:
                states.add(False)
            else:
                unsure = True
        if unsure:
            return {True, False}
        return states or {True}


def classify(status):
    """`accepted`, `foreign` or the code in the error."""
    if status.get("authenticated") is True:
        return "accepted"
    error = status.get("error")
    if not error:
        return "foreign"
    match = re.fullmatch(r"kube-entra: ([a-z_]+): [^()]+ \(decision [A-Z0-9]+\)", error)
    return match[1] if match else "an error of the wrong form"
