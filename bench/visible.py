"""Text from names, paths, errors and databases, made safe to show: what would steer a terminal becomes visible."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HIDDEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 (except tab and newline), DEL and C1: escape sequences begin with one
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, fillers and joiners
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"  # zero width, separators, bidi
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # formats of notations, tags
    "]"
)
"""Characters that move the cursor, change colours or the direction of writing, or take no room (Unicode's Cc, Zl,
Zp and the default ignorable code points, except variation selectors)."""


def visible(text: str) -> str:
    r"""Return text with every control, bidirectional and zero-width character as its escape: `\u001b`, `\u202e`.

    Newlines and tabs stay. The escapes are JSON's, so that JSON stays JSON and means the same.
    """
    return _HIDDEN.sub(_escape, text)


def on_one_line(text: str) -> str:
    """Return what `visible` does, with newlines and tabs escaped too: for a name inside a sentence or a cell."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def some_names(names: Sequence[str], most: int) -> str:
    """List at most `most` names, safe to print, and their number if there are more: `a, b, ... (7 in all)`."""
    more = f", ... ({len(names):,} in all)" if len(names) > most else ""
    return ", ".join(map(on_one_line, names[:most])) + more


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
