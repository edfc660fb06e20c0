"""Files of commands."""

import json


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)
