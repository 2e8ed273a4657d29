"""Patterns for the plain spelling of a text, which is ASCII."""

import re


def compiled(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    r"""Compile a pattern whose `\w` and `\b` know ASCII alone: else they ask four tables."""
    return re.compile(pattern, flags | re.ASCII)
