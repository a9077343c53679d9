"""Ubuntu's AppArmor, which since 23.10 gives user namespaces only to programs that have a profile."""

from pathlib import Path

_RESTRICTED = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
PROFILE = Path(__file__).with_name("bwrap.apparmor")
"""The profile that is shipped with the bot."""


def apparmor_advice() -> str | None:
    """What to do, with the profile itself, where AppArmor keeps bubblewrap from its namespaces; else None."""
    try:
        restricted = _RESTRICTED.read_text().strip() == "1"
    except OSError:  # no AppArmor, or an older one
        return None
    if not restricted:
        return None
    return (
        "AppArmor keeps bubblewrap from making user namespaces. Write this profile (it is in "
        f"{PROFILE}) to /etc/apparmor.d/bwrap and run `sudo apparmor_parser -r /etc/apparmor.d/bwrap`:\n"
        f"{PROFILE.read_text()}"
    )
