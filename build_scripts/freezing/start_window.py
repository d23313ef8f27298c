"""The program ``lycurgus-gui`` of the frozen application: the window."""

import multiprocessing
import sys

from lycurgus.frozen import prepare

if __name__ == "__main__":
    # First of all: the processes of a batch are this program too, and must not get any further.
    multiprocessing.freeze_support()
    prepare()
    from lycurgus.__main__ import main

    sys.exit(main())
