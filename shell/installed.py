"""Other installed packages with the name of one of our rooms: their files may have replaced ours."""

from importlib.metadata import packages_distributions

OWN = "caloron-bot"
ROOMS = ("bot", "handlers", "jobs", "compositions", "stages", "shell")


def shared_rooms() -> list[str]:
    """A line for each room that another installed package has too, which says what to do."""
    packages = packages_distributions()
    return [
        f"The installed package {other} has a package named `{room}` as the bot does. Uninstall it, or "
        "install the bot into a virtual environment of its own."
        for room in ROOMS
        for other in sorted({*packages.get(room, ())} - {OWN})
    ]
