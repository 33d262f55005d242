"""What identifies a JSON value: a digest that does not depend on the order of keys."""

import hashlib
import json
from typing import Any


def digest(form: Any) -> str:
    """Return 16 hex digits that identify a JSON value, whatever the order of its keys."""
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
