"""Which text a person reads: the closest of several languages, by CLDR."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from babel.core import get_global

MAX_TAG_CHARS = 100
_ALIASES = get_global("language_aliases")
_LIKELY = get_global("likely_subtags")
_PARENTS = get_global("parent_exceptions")
# What follows the tag: an encoding (pt_BR.UTF-8), and the rest of an Accept-Language list.
_REST = re.compile(r"[.,;].*", re.DOTALL)
# The scripts that POSIX names by a modifier, as in sr_RS@latin.
_MODIFIERS = {"latin": "Latn", "cyrillic": "Cyrl"}


@dataclass(frozen=True, slots=True)
class Language:
    """A language as it is written somewhere. `region` is empty if the tag has none."""

    language: str
    script: str
    region: str

    @property
    def name(self) -> str:
        """The tag in CLDR's spelling, with the script where it is not the usual one: `nb`, `pt_BR`,
        `zh_Hant_TW`."""
        usual = {_likely(self.language, known)[0] for known in ("", self.region)} == {self.script}
        return "_".join(filter(None, (self.language, "" if usual else self.script, self.region)))

    @property
    def likely(self) -> "Language":
        """The same with its likely region: `pt` is `pt_BR`."""
        return self if self.region else Language(self.language, self.script, _likely(self.language, self.script)[1])

    def ancestors(self) -> Iterator[str]:
        """The names of the languages that it inherits from, beginning with its own, all in one
        script: `en_GB`, `en_001`, `en`."""
        name = self.likely.name
        while name and (known := language(name)) is not None and known.script == self.script:
            yield known.name
            name = _PARENTS.get(known.name) or known.name.rpartition("_")[0]


@lru_cache(maxsize=1_024)
def language(tag: str) -> Language | None:
    """The language of a tag, in any of the spellings that programs have: BCP 47, POSIX
    (`pt_BR.UTF-8`, `sr_RS@latin`), Java (`zh_TW_#Hant`), and the codes that were replaced (`iw`,
    `in`, `tl`, `sh`). None if CLDR does not know the language."""
    tag, _, modifier = _REST.sub("", tag[:MAX_TAG_CHARS].strip()).partition("@")
    subtags = [one for one in re.split(r"[-_#]+", tag.lower()) if one]
    if not subtags or not re.fullmatch("[a-z]{2,8}", subtags[0]):
        return None
    script, region = _MODIFIERS.get(modifier.strip().lower(), ""), ""
    for subtag in subtags[1:]:
        if len(subtag) == 1:  # extensions and private subtags follow
            break
        if re.fullmatch("[a-z]{4}", subtag):
            script = subtag.title()
        elif re.fullmatch("[a-z]{2}|[0-9]{3}", subtag):
            region = region or subtag.upper()
    first, *implied = _ALIASES.get(subtags[0], subtags[0]).split("_")
    script = script or next((one for one in implied if len(one) == 4), "")
    likely = _likely(first, region)[0]
    return Language(first, script or likely, region) if likely else None


def closest(tag: str | None, offered: Iterable[str]) -> str | None:
    """The offered tag that a person with this tag reads best; None if there is none in their
    language and script.

    It is the same language and region, else the nearest one from which the person's language
    inherits or that inherits from the same: for `es-MX` the text of `es-419`, else that of `es-AR`,
    else that of `es`. A text in another script is never chosen.
    """
    wanted = language(tag or "")
    if wanted is None:
        return None
    known = {one: found for one in sorted(offered) if (found := language(one)) is not None}
    return next(_by_distance(wanted, known), None)


def _by_distance(wanted: Language, known: dict[str, Language]) -> Iterator[str]:
    yield from (one for one, found in known.items() if found == wanted)
    for ancestor in wanted.ancestors():
        nearest = language(ancestor)
        yield from (one for one, found in known.items() if found == nearest)
        yield from (one for one, found in known.items() if nearest and found.likely == nearest.likely)
        yield from (one for one, found in known.items() if ancestor in found.ancestors())


def _likely(first: str, region_or_script: str) -> tuple[str, str]:
    """The likely script and region of a language, of which the region or the script may be
    known."""
    found = _LIKELY.get(f"{first}_{region_or_script}") or _LIKELY.get(first) or ""
    subtags = found.split("_")
    return (subtags[1], subtags[2]) if len(subtags) == 3 else ("", "")
