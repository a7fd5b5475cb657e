"""Names that come from files, made safe to print."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""Write characters that control a terminal, or turn the direction of text, as escapes: `\x1b`, `\u202e`."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
