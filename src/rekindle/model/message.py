"""The message of one push, and how each platform shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

TargetKind = Literal["token", "fid"]


@dataclass(frozen=True, slots=True)
class AndroidOptions:
    """How Android shows a push. `icon` is a picture in the app, `color` is `#rrggbb`, and
    `click_action` is the activity that a tap opens."""

    channel_id: str | None = None
    priority: Literal["high", "normal"] = "high"
    sound: str | None = None
    icon: str | None = None
    color: str | None = None
    click_action: str | None = None


@dataclass(frozen=True, slots=True)
class ApnsOptions:
    """How iOS shows a push; without a sound it makes none. `mutable_content`: an extension of the
    app may change the push before it is shown."""

    sound: str | None = "default"
    badge: int | None = None
    interruption_level: Literal["passive", "active", "time-sensitive"] | None = None
    category: str | None = None
    thread_id: str | None = None
    mutable_content: bool = False


@dataclass(frozen=True, slots=True)
class WebpushOptions:
    """How a browser shows a push: the addresses of its pictures."""

    icon: str | None = None
    badge: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How each platform shows a push. `data_only`: no platform shows it; the app gets the texts as
    data. `analytics_label`: the name under which FCM counts it."""

    android: AndroidOptions = AndroidOptions()
    apns: ApnsOptions = ApnsOptions()
    webpush: WebpushOptions = WebpushOptions()
    data_only: bool = False
    analytics_label: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One push in the engine's form. Each dispatcher translates it into its provider's wire
    format. `link` may have the scheme of an app; browsers get `web_link`."""

    claim_id: UUID
    idempotency_key: str
    user_id: UUID
    scenario_type: str
    target_kind: TargetKind
    target: str = field(repr=False)
    title: str = field(repr=False)
    body: str = field(repr=False)
    subtitle: str | None = field(default=None, repr=False)
    image: str | None = field(default=None, repr=False)
    data: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    link: str | None = field(default=None, repr=False)
    web_link: str | None = field(default=None, repr=False)
    ttl_seconds: int | None = None
    options: Options = Options()
