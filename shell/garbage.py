"""The garbage of our processes: what one imports and loads at its start is none, and is kept to its end.

A process that looks for garbage among its modules, while it imports them and again when it ends, spends on
that as much time as on half of the imports. So each begins with `gc.disable()`, and calls this when it is up.
"""

import gc


def keep_what_is_loaded() -> None:
    """Never look through what is loaded by now; from now on look for garbage, where that was put off."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
