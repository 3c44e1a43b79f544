"""What the forced command runs, as `python -I -S caller.py`: see `tui.serve.calling`.

A script is compiled each time that it is run, and a module once: so all is in there.
"""

import os
import sys

sys.path.append(os.path.realpath(__file__).rpartition("/tui/")[0])

from tui.serve.calling import main

if __name__ == "__main__":
    main()
