"""How a command shows its arguments in its help: by name alone, as the reference does."""

from typing import Any

from typer.core import TyperArgument, TyperCommand


def _no_type(ctx: object) -> None:
    """Typer would write the Python type beside the name, such as `DEVICE <list[str]>`."""


class Command(TyperCommand):
    """A command whose help names an argument `USER`, not `{USER}` and `USER <str>`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for param in self.params:
            if isinstance(param, TyperArgument):
                param.display_type_rich = _no_type

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]
