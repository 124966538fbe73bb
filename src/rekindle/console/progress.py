"""How far a run under way is, in people."""

from dataclasses import dataclass

from rekindle.model import Report


@dataclass(frozen=True, slots=True)
class Progress:
    """The people that a run has claimed or carried so far, and what became of them."""

    people: int
    """More may be claimed while the run goes on."""
    sent: int
    """A push of theirs was accepted."""
    left: int
    """They are still to be sent to."""
    others: int
    """Nothing was accepted for them: skipped, dead, unknown, held out, or left to another run."""

    @classmethod
    def of(cls, report: Report) -> "Progress":
        """The progress of a run, over its scenarios."""
        people = sum(one.claimed + one.carried for one in report.scenarios)
        sent = sum(one.recorded for one in report.scenarios)
        left = sum(one.pending for one in report.scenarios)
        return cls(people, sent, left, people - sent - left)

    @property
    def done(self) -> int:
        """People who are not to be sent to any more."""
        return self.people - self.left
