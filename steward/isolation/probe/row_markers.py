"""Words that occur in rows of one tenant only: they show the tenant of rows without a tenant column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["RowMarkers"]

# Shorter words may occur in rows of any tenant.
_TELLING = 8


class RowMarkers:
    """Words by the tenants' letters; ``column`` is the tenant column.

    The words of ``invented`` tenants occur nowhere else, so that they count within any text; ``shared`` words occur in
    rows that all tenants see.
    """

    def __init__(
        self,
        column: str,
        words: Mapping[str, AbstractSet[str]],
        shared: AbstractSet[str] = frozenset(),
        *,
        invented: bool = False,
    ) -> None:
        self.column = column
        self.shared = shared
        self.invented = invented
        self._words = words
        self._longer = {label: _containing(words, label) for label in words}

    def tenants_in(self, rows: Iterable[Mapping[str, Any]], given: Iterable[str]) -> dict[str, bool]:
        """Return for each tenant whether rows contain its words; words that the statement was given do not count."""
        ignored = set(given)
        documents = [row["said"] for row in rows]
        return {
            label: any(self._contains(document, words - ignored, self._longer[label]) for document in documents)
            for label, words in self._words.items()
        }

    def uuids(self, label: str) -> tuple[str, ...]:
        """Return the words of a tenant that are uuids."""
        return tuple(sorted(word for word in self._words[label] if _is_uuid(word)))

    def others(self, label: str) -> list[str]:
        """Return the other tenants' words that no row of this one contains, as written in JSON."""
        words = {word for other, words in self._words.items() if other != label for word in words - self.shared}
        return [json.dumps(word, ensure_ascii=False)[1:-1] for word in sorted(words) if len(word) >= _TELLING]

    def _contains(self, document: object, words: AbstractSet[str], longer: Sequence[str], key: str = "") -> bool:
        """Return whether JSON contains one of the words: as the tenant, or, if it is long enough, as any value.

        What stands there as a part of one of the ``longer`` words, of which the longest is first, does not count.
        """
        if isinstance(document, dict):
            return any(self._contains(item, words, longer, name) for name, item in document.items())
        if isinstance(document, list):
            return any(self._contains(item, words, longer, key) for item in document)
        if document is None:
            return False
        text = str(document).rstrip(" ")
        for word in longer:
            text = text.replace(word, " ")
        if text in words and (key == self.column or len(text) >= _TELLING):
            return True
        return self.invented and any(len(word) >= _TELLING and word in text for word in words)


def _containing(words: Mapping[str, AbstractSet[str]], label: str) -> list[str]:
    """Return the other tenants' words that contain one of the tenant's, the longest first."""
    others = {word for other, more in words.items() if other != label for word in more}
    return sorted((word for word in others if any(own in word for own in words[label])), key=len, reverse=True)


def _is_uuid(word: str) -> bool:
    return len(word) == 36 and word.count("-") == 4  # noqa: PLR2004 - the text form of a uuid
