"""Makes text from outside safe to write: to a terminal, a page, a log or a JSON document.

Occurrences, role names, names of places, arguments and error texts come from other people. A
terminal obeys ESC and the C1 controls in them, bidirectional controls show a line in another order
than it has, zero-width characters hide a difference, a line break makes a second line, and an
unpaired surrogate cannot be encoded. Every place that writes calls `printable` or `escaped`.
"""

import re

_HARMFUL = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u180e\u200b\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible
    "\u061c\u200e\u200f\u2028-\u202e"  # bidirectional controls, line and paragraph separators
    "\ud800-\udfff"  # unpaired surrogates
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"  # invisible, above U+FFFF
)
# Joiners are part of emoji and of several scripts. Next to ASCII they only hide a difference.
_JOINERS = "[\u200c\u200d](?=[\x00-\x7f]|$)|(?<![^\x00-\x7f])[\u200c\u200d]"
_ANY = re.compile(f"[{_HARMFUL}]|{_JOINERS}")


def printable(text: str) -> str:
    """The same text as one line without a harmful character. A line break or tab becomes a space,
    any other harmful character U+FFFD, so the number of characters stays the same."""
    if text.isascii() and text.isprintable():
        return text
    return _ANY.sub(_replaced, text)  # mutant: printable


def label(text: str, *, most: int) -> str:
    """The text as a name: one line as `printable` makes it, without space around it, and cut to
    `most` characters, of which the last is then an ellipsis."""
    line = " ".join(printable(text).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def escaped(document: str) -> str:
    r"""The same JSON document with its harmful characters as \uXXXX. A program reads the same
    values from it. Line breaks stay: within a value, JSON has escaped them already."""
    return _ANY.sub(_escape, document)


def _replaced(found: re.Match[str]) -> str:
    return " " if found[0].isspace() else "\N{REPLACEMENT CHARACTER}"


def _escape(found: re.Match[str]) -> str:
    if found[0] == "\n":
        return "\n"
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
