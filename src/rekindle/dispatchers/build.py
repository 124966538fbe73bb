"""Which dispatcher there is to be."""

from rekindle.dispatchers.fcm import FcmDispatcher
from rekindle.dispatchers.log import LogDispatcher
from rekindle.dispatchers.supabase_function import SupabaseFunctionDispatcher
from rekindle.ports import Dispatcher
from rekindle.scenario import Config
from rekindle.settings import Settings


def build_dispatcher(settings: Settings, config: Config) -> Dispatcher:
    """The dispatcher that the configuration names; nothing is connected yet."""
    match config.dispatcher.kind:
        case "fcm":
            return FcmDispatcher(settings.google_credentials, url=settings.fcm_url, ca=settings.fcm_ca)
        case "supabase-function":
            return SupabaseFunctionDispatcher(
                settings.supabase_url,
                None if settings.supabase_key is None else settings.supabase_key.get_secret_value(),
                function=config.dispatcher.function,
                batch=config.dispatcher.batch,
            )
        case "log":
            return LogDispatcher()
