"""What is said of trials."""

from rekindle.ports import PROGRAMME, TrialChange


def trial_line(change: TrialChange, *, dry_run: bool) -> str:
    """One line for a trial that an apply starts or ends, or would."""
    terms = change.terms
    what = "the trial of the whole programme" if terms.scope == PROGRAMME else f"the trial of {terms.scope}"
    done = f"{'would be ' if dry_run else ''}{change.change}"
    if change.change == "ended":
        return f"{done}: {what}"
    people = "people" if terms.unit == "person" else "chapters"
    return f"{done}: {what}; {terms.held / 100:g} % of the {people} get no push until {terms.until_on}"
