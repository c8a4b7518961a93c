"""What a lock function returns."""

from collections.abc import Callable

#: Releases the lock.
Release = Callable[[], None]
