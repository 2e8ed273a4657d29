"""What the scripts share.  Standard library only: they run with `python -I`, also far from here."""
