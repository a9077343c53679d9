"""`python -m bot.web`: the web process by itself, for process managers."""

# ruff: noqa: E402
import gc

if __name__ == "__main__":
    gc.disable()  # see shell/garbage.py

from gevent import monkey

monkey.patch_all()  # before anything else is imported that keeps a socket, a lock or a sleep of its own

import sys

from shell.logging import set_up
from shell.parent import keep_unreadable
from shell.settings import Settings, SettingsError

from .serve import serve

if __name__ == "__main__":
    keep_unreadable()
    set_up("web")
    try:
        serve(Settings.load())
    except SettingsError as error:
        sys.exit(str(error))
