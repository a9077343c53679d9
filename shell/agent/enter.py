"""The last step outside the walls: sets the run's limits, then becomes bubblewrap.

Runs alone, by file name: `python -I -S enter.py SETTINGS BWRAP OPTIONS…`, SETTINGS a JSON object with `user`
(a uid or null) and `limits` (of setrlimit, by name).

As root a user namespace is made in which only root and `user` exist, and no further one can be made;
bubblewrap sets up the files in it with root's rights there, and the agent then runs as `user`.
"""

import ctypes
import json
import os
import platform
import resource
import struct
import sys

_NEW_USER_NAMESPACE = 0x10000000
_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: "list[str]") -> None:
    """Never returns: bubblewrap takes this process over. OSError where a step is refused."""
    settings, command = json.loads(arguments[0]), arguments[1:]
    options: list[str] = []
    if settings["user"] is not None:
        options += ["--userns", str(_inherited(_user_namespace(settings["user"])))]
    if program := seccomp_filter():
        options += ["--seccomp", str(_inherited(_memory_file(program)))]
    for name, value in settings["limits"].items():
        _limit(getattr(resource, f"RLIMIT_{name}"), value)
    os.execv(command[0], [command[0], *options, *command[1:]])


def _inherited(file: int) -> int:
    os.set_inheritable(file, True)
    return file


def _memory_file(content: bytes) -> int:
    file = os.memfd_create("seccomp")
    os.write(file, content)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _limit(kind: int, value: int) -> None:
    """Lower a limit; one that is lower already stays."""
    hard = resource.getrlimit(kind)[1]
    lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (lowest, lowest))


def _user_namespace(user: int) -> int:
    """A descriptor of a new user namespace that knows only root and `user`, and may have none below it."""
    told, tell = os.pipe()
    go, begin = os.pipe()
    child = os.fork()
    if child == 0:
        os._exit(_hold_namespace(tell, go))
    os.close(tell)
    if os.read(told, 1) != b"1":
        raise OSError("this machine allows no user namespace")
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/{child}/{name}", "w") as ids:
            ids.write(f"0 0 1\n{user} {user} 1\n")
    os.write(begin, b"1")
    if os.read(told, 1) != b"2":
        raise OSError("a user namespace inside the sandbox could not be forbidden")
    namespace = os.open(f"/proc/{child}/ns/user", os.O_RDONLY)
    os.write(begin, b"2")
    os.waitpid(child, 0)
    return namespace


def _hold_namespace(tell: int, go: int) -> int:
    """In the child: make the namespace, forbid any below it, and keep it until it is opened."""
    if _libc.unshare(_NEW_USER_NAMESPACE) != 0:
        return 1
    os.write(tell, b"1")
    os.read(go, 1)
    try:
        with open("/proc/sys/user/max_user_namespaces", "w") as most:
            most.write("0")
    except OSError:
        return 1
    os.write(tell, b"2")
    os.read(go, 1)
    return 0


_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""As the kernel's `linux/audit.h` has them."""
_X32 = 0x40000000
_FORBIDDEN = {
    # mount, umount2, pivot_root, chroot, acct, settimeofday, swapon, swapoff, reboot, sethostname,
    # setdomainname, iopl, ioperm, init_module, delete_module, quotactl, clock_settime, kexec_load, add_key,
    # request_key, keyctl, unshare, perf_event_open, fanotify_init, open_by_handle_at, setns, finit_module,
    # kexec_file_load, bpf, userfaultfd
    "x86_64": (
        *(165, 166, 155, 161, 163, 164, 167, 168, 169, 170, 171, 172, 173, 175, 176, 179, 227, 246, 248),
        *(249, 250, 272, 298, 300, 304, 308, 313, 320, 321, 323),
    ),
    # the same without iopl and ioperm, which this machine does not have
    "aarch64": (
        *(40, 39, 41, 51, 89, 170, 224, 225, 142, 161, 162, 105, 106, 60, 112, 104, 217),
        *(218, 219, 97, 241, 262, 265, 268, 273, 294, 280, 282),
    ),
}
# io_uring_setup, io_uring_enter, io_uring_register, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick,
# mount_setattr, quotactl_fd
_FORBIDDEN_EVERYWHERE = (*range(425, 434), 442, 443)
_PTRACE = {"x86_64": 101, "aarch64": 117}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_FAMILIES = (1, 2, 10, 16)
"""Unix, IPv4, IPv6, netlink. Others, vsock for one, are not kept apart by a network namespace."""
_NO_SUCH_FAMILY = 0x00050061
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _NOT_PERMITTED, _NO_SUCH_CALL = 0x7FFF0000, 0x00050001, 0x00050026


def seccomp_filter() -> bytes:
    """The system calls that no agent needs, as a program of the kernel's; empty on an unknown machine.

    Keys and BPF programs are not separated by namespaces, and the others are doors that have often failed.
    Each answers EPERM, an unusual kind of socket EAFNOSUPPORT, a call of another architecture ENOSYS.
    """
    machine = platform.machine()
    if machine not in _AUDIT_ARCH:
        return b""
    forbidden = (*_FORBIDDEN[machine], *_FORBIDDEN_EVERYWHERE)
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, _AUDIT_ARCH[machine]), (_RETURN, 0, 0, _NO_SUCH_CALL)]
    steps += [(_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _NO_SUCH_CALL)]
    for number in forbidden:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOT_PERMITTED)]
    # nobody traces process 1, which would stop all others of the run from ever ending
    steps += [(_EQUAL, 0, 4, _PTRACE[machine]), (_LOAD, 0, 0, 24), (_EQUAL, 0, 1, 1)]
    steps += [(_RETURN, 0, 0, _NOT_PERMITTED), (_LOAD, 0, 0, 0)]
    steps += [(_EQUAL, 0, 2 + len(_FAMILIES), _SOCKET[machine]), (_LOAD, 0, 0, 16)]
    steps += [(_EQUAL, len(_FAMILIES) - at, 0, family) for at, family in enumerate(_FAMILIES)]
    steps += [(_RETURN, 0, 0, _NO_SUCH_FAMILY), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        sys.exit(f"the sandbox could not be entered: {error}")
