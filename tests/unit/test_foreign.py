"""Text from outside is one line that a terminal can show, and JSON keeps its values."""

import ast
import json
import unicodedata
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rekindle.cli
from rekindle.api.app import routes
from rekindle.errors import ConfigInvalid
from rekindle.foreign import escaped, printable

TERMINAL_ORDERS = "\x1b]0;OWNED\x07\x1b[2J\x9b31m\u202eevil\u2066\ud800\u200b\ufeff\nerror: RK999: forged"
ANYTHING = st.text(st.characters(), max_size=40)  # also surrogates


def obeyed(text: str) -> set[str]:
    """The characters that a terminal obeys, or shows in another order than the text has."""
    return {
        one
        for one in text
        if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(one) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    }


@given(ANYTHING)
def test_what_is_printed_is_one_line_without_orders_and_as_long_as_before(text: str) -> None:
    shown = printable(text)
    assert obeyed(shown) == set()
    assert len(shown) == len(text)
    assert printable(shown) == shown


@given(ANYTHING)
def test_escaped_json_has_the_same_value_and_no_orders(text: str) -> None:
    document = json.dumps({"value": text}, ensure_ascii=False, indent=2)
    shown = escaped(document)
    assert obeyed(shown) <= {"\n"}
    # A high and a low surrogate beside each other are one character in JSON.
    assert json.loads(shown) == json.loads(json.dumps({"value": text}))


@pytest.mark.parametrize(
    "text",
    [
        "Ingrid Ødegård",
        "Zoë’s “first aid” – 100\u202f%",
        "می\u200cخواهم",
        "👩\u200d👩\u200d👧 ❤️",
        "שלום",
        "北京",
        "a\u0301",
    ],
)
def test_the_letters_of_every_language_stay(text: str) -> None:
    assert printable(text) == text
    assert escaped(text) == text


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
def test_a_joiner_that_joins_nothing_is_shown(joiner: str) -> None:
    for text in (f"pay{joiner}pal", f"{joiner}م", f"م{joiner}", f"م{joiner} ", f"x{joiner}م"):
        assert printable(text) == text.replace(joiner, "\ufffd")


def test_an_error_is_one_clean_line_whatever_it_quotes() -> None:
    fault = ConfigInvalid(TERMINAL_ORDERS, hint=TERMINAL_ORDERS, problems=(TERMINAL_ORDERS,))
    for text in (str(fault), fault.message, fault.hint, *fault.problems):
        assert obeyed(text) == set()
        assert "forged" in text


async def test_answers_of_the_api_escape_what_a_terminal_obeys() -> None:
    api = routes(cast("Any", None), cast("Any", None), docs=False)

    @api.get("/anything")
    async def anything() -> dict[str, str]:
        return {"value": TERMINAL_ORDERS}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://x") as client:
        answer = await client.get("/anything")
    assert obeyed(answer.text) == set()
    assert answer.json() == {"value": TERMINAL_ORDERS}


def test_every_command_writes_through_the_functions_that_clean() -> None:
    """A command that prints by itself could pass on what a terminal obeys."""
    allowed = {"output.py", "logs.py", "streams.py"}
    for path in Path(rekindle.cli.__path__[0]).glob("*.py"):
        used = {
            ast.unparse(node)
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute | ast.Name)
        }
        direct = used & {"sys.stdout.write", "sys.stderr.write", "typer.echo", "click.echo", "print", "typer.secho"}
        imports = {
            node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
        } & {"rich.table", "rich.text", "rich.panel"}
        assert path.name in allowed or not direct | imports, path
