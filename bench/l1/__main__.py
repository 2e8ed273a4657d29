"""`python -m bench.l1`: see `table`."""

from bench.l1.table import main

if __name__ == "__main__":
    main()
