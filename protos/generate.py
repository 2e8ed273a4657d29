"""Generates the Python side of the wire contract: `python -m protos.generate`.

The generated files are committed, so that only whoever changes the contract needs protoc.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = "protos/compliance.proto"
GENERATED = ("compliance_pb2.py", "compliance_pb2.pyi", "compliance_grpc.py")


def generate(into: Path) -> None:
    """Write the files named in `GENERATED` to `into`/protos.

    Raises:
        subprocess.CalledProcessError: the contract does not compile; protoc says why.
    """
    plugin = Path(sys.executable).parent / "protoc-gen-grpclib_python"
    subprocess.run(  # noqa: S603  # our own interpreter and our own contract
        [
            sys.executable,
            *("-m", "grpc_tools.protoc", f"-I{ROOT}"),
            *(f"--plugin=protoc-gen-python_grpc={plugin}", f"--python_grpc_out={into}"),
            *(f"--python_out={into}", f"--pyi_out={into}"),
            CONTRACT,
        ],
        check=True,
    )


if __name__ == "__main__":
    generate(ROOT)
