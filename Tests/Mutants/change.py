"""A small wrong change to the decision core."""

from typing import NamedTuple


class Change(NamedTuple):
    """A change in one place. `harmless` says why nothing can notice it; empty if tests must notice it."""

    file: str
    before: str
    after: str
    harmless: str = ""
