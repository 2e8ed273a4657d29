"""Kits and tiles beside aics-tlog, another implementation of the C2SP forms.

It needs Python 3.12 and is a month old: so it is no dependency, and runs where somebody has it.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from actors.evidence_log import NoteKey
from actors.evidence_log.kit.archive import unpacked
from actors.evidence_log.tlog.tiles import tile_path
from tests.actors.evidence_log.kit.kits import KEY, OTHER, Site
from tests.actors.evidence_log.trees import MemoryLog

PYTHON = os.environ.get("ARIGHT_AICS_TLOG", "")

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="interop with aics-tlog needs a Python 3.12 that has it: ARIGHT_AICS_TLOG"
)

VERIFIER = """
import base64, json, sys
from pathlib import Path
import aics_tlog as log

folder, key = Path(sys.argv[1]), log.parse_vkey(sys.argv[2])
heads = {}
for path in sorted(folder.glob("logs/1/*.checkpoint")):
    note = log.parse_note(path.read_bytes())
    found = log.verify_checkpoint(note, key)
    heads[found.size] = found if found.ok else sys.exit(f"{path}: {found.error}")
for path in sorted(folder.glob("statements/1/*.tlog-proof")):
    head, _, note = path.read_bytes().partition(b"\\n\\n")
    _, index, *hashes = head.decode().split("\\n")
    found = log.verify_checkpoint(log.parse_note(note), key)
    leaf = log.leaf_hash(path.with_suffix(".dsse.json").read_bytes())
    proof = [base64.b64decode(each) for each in hashes]
    if not found.ok or not log.verify_inclusion(
        leaf, int(index.split()[1]), found.size, proof, found.root
    ):
        sys.exit(f"{path}: not included")
for path in folder.glob("logs/1/*.consistency.json"):
    old, new = map(int, path.name.partition(".")[0].split("-"))
    proof = [base64.b64decode(each) for each in json.loads(path.read_bytes())["consistency"]]
    if not log.verify_consistency(old, new, heads[old].root, heads[new].root, proof):
        sys.exit(f"{path}: not consistent")
print(len(heads))
"""

TREES = """
import json, sys
import aics_tlog as log

told = json.load(sys.stdin)
reader = log.MemoryTileReader({name: bytes.fromhex(data) for name, data in told["tiles"].items()})
print(log.tree_root_from_tiles(reader, told["size"]).hex())
"""


def run(script: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-c", script, *words], capture_output=True, text=True, check=False, input=stdin
    )


def laid_out(kit: bytes, folder: Path) -> Path:
    for name, data in (unpacked(kit) or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_it_verifies_every_head_proof_and_growth_of_a_kit(tmp_path: Path) -> None:
    site = Site().happen(5).sign().happen(300).sign().happen(1).sign()
    folder = laid_out(site.kit(), tmp_path)

    done = run(VERIFIER, str(folder), NoteKey(site.origin, KEY.public).spelled())
    other = run(VERIFIER, str(folder), NoteKey(site.origin, OTHER.public).spelled())

    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    assert other.returncode != 0


@pytest.mark.parametrize("size", [1, 255, 256, 257, 70_000])
def test_it_comes_to_the_same_root_from_our_tiles(size: int) -> None:
    log = MemoryLog.of(size)
    tiles = {
        tile_path(level, index, len(data) // 32): data.hex()
        for (level, index), data in log.tiles.items()
    }

    done = run(TREES, stdin=json.dumps({"size": size, "tiles": tiles}))

    assert done.stdout.strip() == log.root(size).hex(), done.stderr
