"""Sets of words, written as a text is: one line instead of fifty."""


def words_of(text: str) -> frozenset[str]:
    """Give the words of a text."""
    return frozenset(text.split())
