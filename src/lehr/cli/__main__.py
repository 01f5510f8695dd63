"""``python -m lehr.cli`` is ``lehr``."""

from . import main

main(prog_name="lehr")
