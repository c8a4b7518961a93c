from __future__ import annotations

import re
from collections.abc import Iterator

from rakuten_bench.errors import UserError
from rakuten_bench.registry import TOKENIZER


@TOKENIZER.option("regex", digit="1")
def regex(
    texts: list[str], *, pattern: str = r"(?u)\b\w\w+\b", lowercase: bool = True
) -> Iterator[list[str]]:
    """Regular expression; by default words of two or more characters, as scikit-learn.

    Raises
    ------
    UserError
        If the pattern is not a regular expression, or has groups.
    """
    find = _compile(pattern).findall
    for text in texts:
        yield find(text.lower() if lowercase else text)


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        message = f"tokenizer 'regex': pattern '{pattern}' is not valid: {error}."
        raise UserError(message) from None
    if compiled.groups > 1:
        message = (
            f"tokenizer 'regex': pattern '{pattern}' has {compiled.groups} groups. "
            f"Use at most one, or write (?:...)."
        )
        raise UserError(message)
    return compiled
