"""A request over HTTP cannot be answered: RK7xx."""

from rekindle.errors.base import Disposition, RekindleError


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
    """Too many requests follow runs at this moment."""

    code = "RK734"
    usual_hint = "Try again when one has ended, or ask for the run with Prefer: wait=N."
    disposition = Disposition.RETRY


class NoTestSend(RequestError):
    """This person gets no test push."""

    code = "RK735"
    usual_hint = "Send it to a device of your own: --token, or `token` over HTTP."


class UnknownText(RequestError):
    """The scenario has no text of that name."""

    code = "RK715"
    usual_hint = "Name a text that is applied."


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


class SignInRefused(RequestError):
    """The answer of the issuer signs nobody in to the console."""

    code = "RK755"
    usual_hint = "Sign in again."


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
