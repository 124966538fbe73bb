"""A person who signs in: from a token to an actor."""

from rekindle.access import Actor
from rekindle.scenario.sign_in import SignInConfig
from rekindle.sign_in.claims import actor_of
from rekindle.sign_in.keys import IssuerKeys, published, unavailable
from rekindle.sign_in.tokens import is_token, verified


class SignIn:
    """Accepts the tokens of one issuer. Connects to nothing before the first token."""

    def __init__(self, config: SignInConfig) -> None:
        self._config = config
        self._keys = IssuerKeys(config)

    async def actor(self, shown: bytes) -> Actor | None:
        """The person that a token names. None: it has not the form of a token.

        Raises:
            TokenRefused: the token does not count here.
            Forbidden: it counts, and gives no role or no valid organisation.
            IssuerUnavailable: the keys to verify it are not there now.
        """
        if not is_token(shown):
            return None
        return actor_of(await verified(shown, self._config, self._keys), self._config)


async def check(config: SignInConfig) -> str:
    """What the issuer's keys are, in a line.

    Raises:
        IssuerUnavailable: they cannot be fetched, or none of them fits.
    """
    keys = await published(config)
    if not keys:
        raise unavailable(None)
    algorithms = sorted({algorithm for one in keys.values() for algorithm in one})
    return f"the issuer has {len(keys)} usable key{'s' if len(keys) > 1 else ''} ({', '.join(algorithms)})"
