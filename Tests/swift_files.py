"""What the checks of single Swift files share."""

import pathlib
import sys


def report(faults):
    """Prints what `faults` says of each Swift file in the folders of the command line, by default the project's sources.

    Returns the exit status: 1 if there is a fault.
    """
    root = pathlib.Path(__file__).resolve().parent.parent
    folders = [pathlib.Path(argument) for argument in sys.argv[1:]] or [root / "Sources"]
    found = [fault for folder in folders for path in sorted(folder.rglob("*.swift")) for fault in faults(path)]
    for fault in found:
        print(fault)
    return 1 if found else 0
