"""`make check` finds the phrases that it looks for."""

from __future__ import annotations

import pytest

from tests.support.banned_phrases import phrases


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("x = 1  # drawn anew", 1, "anew"),
        ("x = 1\n# It asks a\n# person twice.", 2, "a person"),
        ('def f():\n    """Says\n    who is told of it."""', 3, "is told"),
        ("def told():\n    pass", 1, "the name told"),
        ("normalise = colour_of = 1", 1, "the name normalise"),
    ],
)
def test_a_phrase_is_found(source: str, line: int, words: str) -> None:
    place = next(phrases(source))
    assert (place.line, place.words) == (line, words)


def test_what_a_user_sees_is_not_looked_at() -> None:
    assert list(phrases("text = 'a person is told anew'\nprint(text)  # told to end")) == []
