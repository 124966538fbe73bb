"""Whether the keys of the issuer of [sign_in] can be read."""

from rekindle.engine.findings import Finding
from rekindle.errors import IssuerUnavailable, ServerError, install
from rekindle.scenario import SignInConfig


async def check_sign_in(config: SignInConfig | None) -> list[Finding]:
    """What the issuer's keys are, or what prevents reading them. Nothing without [sign_in]."""
    if config is None:
        return []
    try:
        from rekindle.sign_in.code import check as check_code
        from rekindle.sign_in.person import check

        found = [Finding("sign_in", await check(config))]
        if config.console is not None and config.console.client_id is not None:
            found.append(Finding("sign_in", await check_code(config, config.console)))
        return found
    except IssuerUnavailable as fault:
        return [Finding("sign_in", fault.message, fault)]
    except ImportError as error:
        message = f"[sign_in] requires a package that is not installed: {error.name}"
        return [Finding("sign_in", message, ServerError(message, hint=f"{install('serve')}."))]
