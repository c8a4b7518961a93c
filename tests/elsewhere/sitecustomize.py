"""Hide from this package what only some systems have, in a process and its children.

Python imports this file at its start when its folder is in PYTHONPATH. Modules,
functions and files are missing for the code of `rakuten_bench` only: the standard
library and other packages have ways of their own on each system.
"""

import builtins
import pathlib
import sys
from types import ModuleType

PACKAGE = "rakuten_bench"
MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "pty", "tty"}
NAMES = {
    "os": {
        "fork", "forkpty", "memfd_create", "geteuid", "getuid", "getegid", "getgid",
        "setsid", "getsid", "getpgid", "setpgid", "killpg", "getpriority", "nice",
        "O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "O_CLOEXEC", "fchmod", "fchown",
        "chown", "sync", "fdatasync", "pread", "pwrite", "mkfifo", "statvfs",
        "sched_getaffinity", "sched_setaffinity", "wait", "wait3", "wait4", "waitid",
        "WNOHANG", "WUNTRACED", "WCONTINUED", "WIFSTOPPED", "pidfd_open", "uname",
        "set_blocking", "getloadavg", "sysconf", "confstr", "major", "minor", "makedev",
    },
    "signal": {
        "SIGKILL", "SIGSTOP", "SIGCONT", "SIGCHLD", "SIGHUP", "SIGQUIT", "SIGUSR1",
        "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTSTP", "alarm", "setitimer", "pause",
        "sigwait", "pthread_kill", "pthread_sigmask",
    },
    "socket": {"send_fds", "recv_fds", "AF_UNIX", "SCM_RIGHTS"},
    "sys": set(),
}  # fmt: skip
VALUES = {"sys": {"platform": "elsewhere"}}
FOLDERS = ("/proc", "/sys", "/dev/shm")

import_module = builtins.__import__


class Partial(ModuleType):
    """A module without some of its names."""

    def __init__(self, module):
        super().__init__(module.__name__)
        self.__dict__["_module"] = module

    def __getattr__(self, name):
        known = VALUES.get(self.__name__, {})
        if name in known:
            return known[name]
        if name in NAMES[self.__name__]:
            message = f"module '{self.__name__}' has no attribute '{name}' here"
            raise AttributeError(message)
        return getattr(self._module, name)

    def __setattr__(self, name, value):
        setattr(self._module, name, value)

    def __delattr__(self, name):
        delattr(self._module, name)


partial = {name: Partial(import_module(name)) for name in NAMES}


def is_ours(name):
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")


def import_partly(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and is_ours((globals or {}).get("__name__", "")):
        if name in MODULES:
            message = f"No module named '{name}' here"
            raise ModuleNotFoundError(message, name=name)
        if name in partial:
            return partial[name]
    return import_module(name, globals, locals, fromlist, level)


def is_asked_by_us():
    """Return whether our code calls, directly or by the standard library's file functions."""
    frame = sys._getframe(2)
    while frame and frame.f_globals.get("__name__") in (
        __name__,
        "pathlib",
        "pathlib._local",
    ):
        frame = frame.f_back
    return bool(frame) and is_ours(frame.f_globals.get("__name__", ""))


def is_hidden(path):
    return isinstance(path, str | pathlib.PurePath) and str(path).startswith(FOLDERS)


def hide_files(event, arguments):
    is_file = event in ("open", "os.listdir", "os.scandir")
    if is_file and is_hidden(arguments[0]) and is_asked_by_us():
        raise FileNotFoundError(2, "No such file or directory here", arguments[0])


def exists_unless_hidden(self, **words):
    if is_hidden(self) and is_asked_by_us():
        return False
    return exists(self, **words)


exists = pathlib.Path.exists
pathlib.Path.exists = exists_unless_hidden
sys.addaudithook(hide_files)
builtins.__import__ = import_partly
