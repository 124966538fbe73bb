"""The provider of pushes refuses, or does not answer: RK4xx."""

from rekindle.errors.base import Disposition, RekindleError


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
