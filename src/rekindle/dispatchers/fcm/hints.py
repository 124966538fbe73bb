"""What an operator does about an answer of Google's. The words of the answer itself are not shown:
they may quote the request."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

NEW_KEY = (
    "The key may be deleted or disabled, or this machine's clock may be wrong. Create a new key for the service "
    "account of the Firebase project."
)
NO_PROJECT = (
    "FCM does not know the project of these credentials: it may be deleted, or the key file may be of another one. "
    "See https://console.firebase.google.com. With REKINDLE_FCM_URL set, check that address too."
)
OTHER_PROJECT = "The device tokens are of another Firebase project. Use a key file of the project that the app uses."
QUOTA = (
    "Lower `per_minute` in [dispatcher], or ask for more quota at "
    "https://console.cloud.google.com/apis/api/fcm.googleapis.com/quotas."
)
_PERMISSION = (
    "Give the service account the role Firebase Cloud Messaging API Admin (cloudmessaging.messages.create) in the "
    "project of its key file, and check at https://console.firebase.google.com that the project exists."
)
_API_OFF = (
    "Enable the Firebase Cloud Messaging API at https://console.cloud.google.com/apis/library/fcm.googleapis.com"
    "{project}, and wait a few minutes."
)
_BILLING = (
    "Enable billing for the project at https://console.cloud.google.com/billing/linkedaccount{project}, or settle "
    "what is open."
)
_SUSPENDED = (
    "Google has suspended the project; its owners got a message. See https://console.cloud.google.com{project}."
)
_SCOPE = "The access token may not send. Use a service account's key file; do not limit its scopes."
_OF_REASON = {
    "SERVICE_DISABLED": _API_OFF,
    "BILLING_DISABLED": _BILLING,
    "CONSUMER_SUSPENDED": _SUSPENDED,
    "GCP_SUSPENDED": _SUSPENDED,
    "CONSUMER_INVALID": NO_PROJECT,
    "RESOURCE_PROJECT_INVALID": NO_PROJECT,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _SCOPE,
}
# For an answer without a reason: words of Google's messages, in lower case.
_OF_WORDS = {"api has not been used": _API_OFF, "it is disabled": _API_OFF, "billing": _BILLING}
_CONSUMER = re.compile(r"projects/([a-z0-9][a-z0-9.:-]{0,62})")

_THIRD_PARTY = (
    "Apple or a browser's push service refuses the key of the Firebase project. Upload a valid APNs key of the app's "
    "team, or renew the Web Push certificate: Firebase console, Project settings, Cloud Messaging."
)
_ENVIRONMENT = (
    "The APNs key of the Firebase project is for another environment (development or production) than the app. Upload "
    "one that is for both: Firebase console, Project settings, Cloud Messaging."
)
_OF_APNS = {"BadEnvironmentKeyInToken": _ENVIRONMENT, "BadCertificateEnvironment": _ENVIRONMENT}


def of_permission(message: object, infos: Sequence[Mapping[str, Any]]) -> str:
    """The hint for 403 PERMISSION_DENIED: by the reason of its ErrorInfo, else by its message."""
    template, project = _PERMISSION, ""
    said = message.lower() if isinstance(message, str) else ""
    for words, hint in _OF_WORDS.items():
        if words in said:
            template = hint
            break
    for info in infos:
        reason, metadata = info.get("reason"), info.get("metadata")
        if isinstance(reason, str) and reason in _OF_REASON:
            template = _OF_REASON[reason]
        consumer = cast("dict[str, object]", metadata).get("consumer") if isinstance(metadata, dict) else None
        named = _CONSUMER.fullmatch(consumer) if isinstance(consumer, str) else None
        project = f"?project={named[1]}" if named else project
    return template.replace("{project}", project)


def of_third_party(errors: Sequence[Mapping[str, Any]]) -> str:
    """The hint for THIRD_PARTY_AUTH_ERROR, by the reason of its ApnsError."""
    reasons = [reason for error in errors if isinstance(reason := error.get("reason"), str)]
    return next((_OF_APNS[reason] for reason in reasons if reason in _OF_APNS), _THIRD_PARTY)
