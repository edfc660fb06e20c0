"""The code blocks of the documents."""

import re
import textwrap


def blocks(path, language):
    """The code blocks of a document, also those inside of lists."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", path.read_text(), re.S | re.M)
    return [textwrap.dedent(block) for _, block in found]
