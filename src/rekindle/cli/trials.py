"""What is said of trials."""

from rekindle.ports import PROGRAMME, TrialChange


def trial_line(change: TrialChange, *, dry_run: bool) -> str:
    """One line for a trial that an apply starts or ends, or would."""
    terms = change.terms
    what = _trial(terms.scope)
    done = f"{'would be ' if dry_run else ''}{change.change}"
    if change.change == "ended":
        return f"{done}: {what}"
    people = "people" if terms.unit == "person" else "chapters"
    return f"{done}: {what}; {terms.held / 100:g} % of the {people} get no push until {terms.until_on}"


def held_out(scope: str) -> str:
    """What is added to a claim of a person who is held out."""
    return f", and get no push: held out by {_trial(scope)}"


def _trial(scope: str) -> str:
    return "the trial of the whole programme" if scope == PROGRAMME else f"the trial of {scope}"
