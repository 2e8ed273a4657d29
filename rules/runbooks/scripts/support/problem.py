"""The one exception of the scripts."""


class Problem(Exception):  # noqa: N818  # it carries a reason code for the caller
    """Why a script does not go on: a code in snake_case."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
