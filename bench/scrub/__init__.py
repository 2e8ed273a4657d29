"""The scrubber: lines a second on one core, and time that grows no faster than the text."""
