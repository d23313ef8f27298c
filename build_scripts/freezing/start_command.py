"""The program ``lycurgus`` of the frozen application: the command line."""

import multiprocessing
import sys

from lycurgus.frozen import prepare

if __name__ == "__main__":
    # First of all: the processes of a batch are this program too, and must not get any further.
    multiprocessing.freeze_support()
    prepare()
    from lycurgus.cli import main

    sys.exit(main())
