"""`python -m tiermix` is the same program as the console script."""

import sys

from tiermix.cli import main

sys.exit(main())
