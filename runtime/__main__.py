"""The `aright` command: `python -m runtime` is the same."""

from runtime.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
