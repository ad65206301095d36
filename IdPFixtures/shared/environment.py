"""The Python environment of IdPFixtures/install."""

import os
import sys
from pathlib import Path


def enter():
    """Runs this program again in the environment, unless it is there already. Before imports of what only that has."""
    default = Path(__file__).resolve().parent.parent.parent / ".venv"
    folder = Path(os.environ.get("ZTNA_FIXTURES_VENV") or default)
    python = folder / "bin/python"
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    if not python.exists():
        sys.exit(f"{folder} is missing: run IdPFixtures/install first")
    os.execv(python, [str(python), *sys.argv])
