"""`python -m pydis` is the command `pydis`."""

import sys

from pydis.cli import main

sys.exit(main())
