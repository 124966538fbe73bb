"""Several faults of a check as one error."""

import pytest

from rekindle.engine.findings import Finding, raise_faults
from rekindle.errors import RekindleError, SourceViewWrong, TemplateInvalid


def findings(*faults: RekindleError) -> list[Finding]:
    return [Finding("subject", fault.message, fault) for fault in faults]


def test_a_hint_that_fits_only_one_of_several_faults_is_left_to_check() -> None:
    view, text = (
        SourceViewWrong("a column is missing", hint="Correct it."),
        TemplateInvalid("no name", hint="It has: x."),
    )
    with pytest.raises(SourceViewWrong) as raised:
        raise_faults(findings(view, text))
    assert str(raised.value) == (
        "RK302: 2 problems: a column is missing; no name. `rekindle check` says what to do about each."
    )


def test_several_faults_with_one_hint_keep_it() -> None:
    with pytest.raises(SourceViewWrong) as raised:
        raise_faults(findings(*(SourceViewWrong(name, hint="Correct it.") for name in ("a", "b"))))
    assert str(raised.value) == "RK302: 2 problems: a; b. Correct it."
