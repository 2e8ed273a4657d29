"""The scrubber: what tells of a patient, and what opens a door, does not leave.

Takes     text, or structured data, of any origin
Gives     `Scrubbed`, the only thing that outbound, prompts and statements accept; or `ScrubError`
Knows     forms, words beside them, the fields of HL7, FHIR, X12, CSV and key=value; no incident
Does      no I/O; takes time linear in the text

What leaves is built of `Scrubbed` parts, of `ours` (literals of our source), `Code` (names of our
things) and numbers of ours: `assemble` makes a JSON body of them, `joined` a text.
"""

from runtime.scrub.scrubbed import (
    Code,
    Inline,
    Scrubbed,
    ScrubError,
    Template,
    assemble,
    joined,
    ours,
)
from runtime.scrub.scrubber import Json, Scrubber
from runtime.scrub.signed import pre_scrubbed, signed_scrubbed
from runtime.scrub.span import Span

__all__ = [
    "Code",
    "Inline",
    "Json",
    "ScrubError",
    "Scrubbed",
    "Scrubber",
    "Span",
    "Template",
    "assemble",
    "joined",
    "ours",
    "pre_scrubbed",
    "signed_scrubbed",
]
