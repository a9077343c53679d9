"""`python -m bot.cli` is `caloron`."""

import gc

if __name__ == "__main__":
    gc.disable()  # see shell/garbage.py

from .main import main

if __name__ == "__main__":
    main()
