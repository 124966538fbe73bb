"""A command stops, or cannot do all that it was asked for: RK5xx, RK6xx and some of RK7xx."""

from collections.abc import Mapping, Sequence
from typing import Any

from rekindle.errors.base import Disposition, RekindleError, install


class RecordFailed(RekindleError):
    """A push was accepted and could not be recorded. It is kept as unknown and is not sent
    again."""

    code = "RK501"
    usual_hint = "See `rekindle unknown list`, and settle it with `rekindle unknown settle`."
    disposition = Disposition.HOLD
    exit_code = 1


class HeldByGuard(RekindleError):
    """The guard held back a claim of unusually many people. None of them was claimed."""

    code = "RK502"
    usual_hint = "See `rekindle plan`. To allow them, run `rekindle run --confirm` with their number."

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        people: int = 0,
        scenario_type: str = "",
        figures: Mapping[str, Any] | None = None,
        each: Sequence["HeldByGuard"] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.people = people
        self.scenario_type = scenario_type
        self.figures = figures or {}  # what the guard compared; empty: it may not be told
        self._each = tuple(each)

    @property
    def each(self) -> Sequence["HeldByGuard"]:
        """The errors of the single scenarios."""
        return self._each or (self,)


class DemoDisagrees(RekindleError):
    """The ledger and the sandbox do not agree."""

    code = "RK601"
    usual_hint = "This is a defect: report it with the output of the demo."
    disposition = Disposition.DROP
    exit_code = 1


class SandboxError(RekindleError):
    """The sandbox could not be started."""

    code = "RK602"
    usual_hint = "Read the message; another --port or --credentials often helps."


class ServerError(RekindleError):
    """The HTTP API could not be started."""

    code = "RK603"
    usual_hint = "Read the message; another --port often helps."


class OutputIncomplete(RekindleError):
    """Standard output could not be written completely. What the command did is not affected."""

    code = "RK604"
    usual_hint = "Make room, or write to another place."
    disposition = Disposition.DROP
    exit_code = 0


class AlertFailed(RekindleError):
    """An alert or a heartbeat could not be delivered. The runs are not affected."""

    code = "RK605"
    usual_hint = "Correct [alert], or look at the receiver."
    disposition = Disposition.DROP
    exit_code = 0


class TelemetryMissing(RekindleError):
    """Metrics are asked for, and a package that they require is not installed."""

    code = "RK740"
    usual_hint = f"{install('telemetry')}."


class MetricsRefused(RekindleError):
    """The metrics cannot be served or written where they are asked for."""

    code = "RK741"
    usual_hint = "Name another --metrics-port, --metrics-host or --metrics-file."


class StillRecipient(RekindleError):
    """The person is still an active recipient, so the next run may claim them again."""

    code = "RK750"
    usual_hint = (
        "Remove the person from rekindle_source.recipient first. `rekindle erase --force` also erases active ones."
    )
    disposition = Disposition.DROP


class ExportNotWritten(RekindleError):
    """The export could not be written completely. No file of that name was changed."""

    code = "RK751"
    usual_hint = "Make room, or give another --output."
    disposition = Disposition.DROP


class PersonAmbiguous(RekindleError):
    """This is the id of several people."""

    code = "RK728"
    usual_hint = "Name the person by a user_id that is nobody's external_id."
    disposition = Disposition.DROP


class PersonUnknown(RekindleError):
    """No recipient has this id."""

    code = "RK729"
    usual_hint = (
        "Give a user_id (UUID) or an external_id of the recipient view. Of people who have left, give the UUID."
    )
    disposition = Disposition.DROP


class EffectMissing(RekindleError):
    """An interval is asked for, and a package that it requires is not installed."""

    code = "RK760"
    usual_hint = f"{install('effect')}."


class TrialRefused(RekindleError):
    """A trial of the configuration cannot begin."""

    code = "RK762"
    usual_hint = "Give another `until`, or remove the table of the trial."


class NotReplayable(RekindleError):
    """The past of this scenario cannot be replayed, because its condition reads the clock or only
    knows the present."""

    code = "RK768"
    usual_hint = "Say rekindle.at() instead of a clock, in the query and in the views that it reads."
    disposition = Disposition.DROP
