"""The configuration cannot be used: RK1xx, and names of scenarios."""

from rekindle.errors.base import Disposition, RekindleError, one_line


class ConfigError(RekindleError):
    """The configuration cannot be used."""

    code = "RK100"
    usual_hint = "`rekindle check` reports every mistake."


class ConfigMissing(ConfigError):
    """There is no rekindle.toml."""

    code = "RK101"
    usual_hint = "Write one with `rekindle init`, or name it with --config."


class ConfigInvalid(ConfigError):
    """The configuration has mistakes; `problems` lists every one of them."""

    code = "RK102"
    usual_hint = "Fix the places named and try again."

    def __init__(self, message: str = "", *, hint: str = "", problems: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(map(one_line, problems))


class TemplateInvalid(ConfigInvalid):
    """A text cannot be rendered from the variables that its scenario has."""

    code = "RK103"
    usual_hint = "Correct the text that is named."


class ConfigNotApplied(ConfigError):
    """This configuration is not the one that is applied."""

    code = "RK104"
    usual_hint = "Run `rekindle apply`."


class UnknownScenario(ConfigError):
    """No scenario of that name is applied."""

    code = "RK105"
    usual_hint = "See `rekindle scenarios`."


class BadArgument(ConfigError):
    """An argument has a value that cannot be used."""

    code = "RK106"
    usual_hint = "See `--help` of the command."


class WouldRetire(ConfigError):
    """Applying this configuration would retire scenarios, and nobody has confirmed that."""

    code = "RK110"
    usual_hint = "If that is meant, run `rekindle apply --retire`."


class NamesCollide(ConfigError):
    """Two scenarios of the configuration are one scenario, which was renamed."""

    code = "RK737"
    usual_hint = "Keep one of them, and give the other one a name that no scenario has had."


class ScenarioRenamed(ConfigError):
    """The scenario was renamed while the run was under way, so the run claims nothing of it."""

    code = "RK738"
    usual_hint = "Nothing needs to be done: the next run claims under the new name."
    disposition = Disposition.RETRY
    exit_code = 1
