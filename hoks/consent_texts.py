"""What a student is shown before consenting, by version and language; the last version is the current one."""

import tomllib
from typing import Annotated

import msgspec

from hoks.consenting import SENSITIVE, Language
from hoks.items import Item
from hoks.values import Value, says


class ConsentText(Value, frozen=True, gc=False):
    """What a student is shown before consenting."""

    version: Annotated[str, says("Which text it is; a consent names it.")]
    language: Annotated[Language, says("In which language.")]
    title: Annotated[str, says("Its heading.")]
    text: Annotated[str, says("The text.")]
    is_current: Annotated[bool, says("Whether a consent can be given on it now.")]
    sensitive: Annotated[tuple[Item, ...], says("Items that must be agreed to one by one.")]


class _Version(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    title: dict[Language, str]
    text: dict[Language, str]


class ConsentTexts:
    """All versions, oldest first."""

    def __init__(self, versions: tuple[_Version, ...]) -> None:
        self._versions = {each.version: each for each in versions}
        self.current = versions[-1].version

    def text(self, language: Language, version: str | None = None) -> ConsentText | None:
        """A version in a language, or the current one; nothing where there is no such version."""
        found = self._versions.get(version or self.current)
        if found is None:
            return None
        return ConsentText(
            version=found.version,
            language=language,
            title=found.title[language],
            text=" ".join(found.text[language].split()),
            is_current=found.version == self.current,
            sensitive=tuple(sorted(SENSITIVE)),
        )


def read_consent_texts(text: str) -> ConsentTexts:
    """The texts written in ``text`` (TOML). Raises ``ValueError`` where a version lacks a language or stands twice."""
    versions = msgspec.convert(tomllib.loads(text).get("text", []), tuple[_Version, ...])
    if not versions:
        raise ValueError("consent texts: no `text`")
    if len({each.version for each in versions}) < len(versions):
        raise ValueError("consent texts: a version stands twice")
    for each in versions:
        for name, words in (("title", each.title), ("text", each.text)):
            if words.keys() != set(Language):
                raise ValueError(f"consent texts: {each.version}: {name}: needs each of {', '.join(Language)}")
    return ConsentTexts(versions)
