"""Words that must not come back, each with what to write instead and why."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A pattern that a reader stumbles over, the replacement, and the reason."""

    pattern: str
    instead: str
    why: str

    def found(self, text: str) -> list[re.Match[str]]:
        """Every place in a text, in either case."""
        return list(re.finditer(self.pattern, text, re.IGNORECASE))


_OLD = "an old-fashioned form that most readers parse twice"
_BARE = "“who” needs its noun"
_VAGUE = "it says nothing that the plain noun or verb does not say"

WORDS = (
    Word(r"\bwhom\b", "people who …, the person that …", _OLD),
    Word(r"\bwhoever\b|\bwhomever\b", "anybody who, people who, the caller that", _OLD),
    Word(r"\bwhose every\b", "every … of", _OLD),
    Word(
        r"(?:^|[.;:] )(?:And |But )?Who (?:is|has|was|may|never|had|does|wins|opted)\b",
        "People who …",
        "a bare “who” as a subject",
    ),
    Word(r"\bof (?:its|their|our|his|her) own\b", "own, separate, or nothing", _VAGUE),
    Word(r"\bwhat holds\b", "the rule, the promise, what applies", _VAGUE),
    Word(r"\bas (?:it|they|things) (?:stands?|are)\b", "now, unchanged", _VAGUE),
    Word(r"\bstands? (?:in|on|at|here|there|beside|between|below|above|as|for all)\b", "is in, is at, …", _VAGUE),
    Word(r"\bis no matter of\b", "does not apply to", _OLD),
    Word(r"\bgoes with\b|\bgo with\b", "stops with, belongs to", _VAGUE),
    Word(
        r"\bso many (?:people|units|seconds|times|bytes|characters|of|at)\b",
        "N, up to N, at most N",
        "it names no number",
    ),
    Word(r"\b(?:let|lets|letting) go\b", "allow, release", _VAGUE),
    Word(r"\bfor want of\b|\bhas not room\b|\bhave not room\b", "because there is no …", _OLD),
    Word(r"\bmends?\b|\bmended\b|\bmending\b", "hint, fix, repair", "the field's word for advice is hint"),
    Word(r"\bis no (?:share|key|zone|id|token|uuid|number|date|locale|duration)\b", "is not a valid …", _OLD),
    Word(r"\bnobody can say\b|\bnobody knows\b", "is not known", _VAGUE),
    Word(r"\bstumbles? over\b|\bstumbled over\b", "fails on", "an idiom"),
    Word(r"\bthe other way round\b|\bturned round\b", "reversed, and the reverse", "an idiom"),
)
