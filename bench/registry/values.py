"""Values as a user types them: `1e-3,3e-3`, `sgd,adamw`, `["linear"],["relu","linear"]`."""

from __future__ import annotations

import json
import re
from typing import Any

_COMMA = re.compile(r",(?![^()]*\))")
"""A comma outside parentheses."""


def read_values(text: str) -> list[Any]:
    """Split a text at its commas; each part is JSON where it parses as it, else text."""
    try:
        return list(json.loads(f"[{text}]")) or [""]
    except ValueError:
        parts = [part.strip() for part in _COMMA.split(text)]
        return parts if len(parts) == 1 else [read_values(part)[0] for part in parts]
