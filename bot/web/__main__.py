"""`python -m bot.web`: the web process by itself, for process managers."""

import sys

from shell.logging import set_up
from shell.settings import Settings, SettingsError

from .serve import serve

if __name__ == "__main__":
    set_up("web")
    try:
        serve(Settings.load())
    except SettingsError as error:
        sys.exit(str(error))
