"""The team's own SQL, as a text."""

import re

# A name, a string, a quoted name, a dollar-quoted string, or any other character. A name may have a
# dollar sign, which then begins no string.
_TOKEN = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*' | [^\W\d][\w$]* | '(?:[^']|'')*' | "(?:[^"]|"")*"
    | (\$(?:[^\W\d]\w*)?\$).*?\1 | .""",
    re.DOTALL | re.VERBOSE,
)
_BLANK = re.compile(r"(?:[\s\ufeff]|--[^\n]*)+")
_COMMENT_MARK = re.compile(r"/\*|\*/")


def without_ending(query: str) -> str:
    """The query without blanks, comments and semicolons after its last token. Empty if it has no
    token.

    A semicolon between two statements stays, so that the server refuses them.
    """
    at = end = 0
    while at < len(query):
        if blank := _BLANK.match(query, at):
            at = blank.end()
        elif query.startswith("/*", at):
            at = _after_comment(query, at)
            if at < 0:
                return query  # it has no end: the server refuses it
        else:
            token = _TOKEN.match(query, at)
            at = token.end() if token else len(query)
            if token and token[0] != ";":
                end = at
    return query[:end].lstrip("\ufeff \t\r\n")


def _after_comment(query: str, at: int) -> int:
    """Where the comment that begins at `at` ends, with the comments in it; -1 if it does not."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(query, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return -1
