"""Named failpoints, armed by whoever starts the process; standard library only, nothing happens unless armed.

FITSERVE_FAILPOINT holds `name:action[:nth]` (several by comma). Actions: kill (SIGKILL this process), stop (SIGSTOP
it), raise (RuntimeError), enospc (OSError), sleep (5 s). `nth` counts the visits of that place from 1; default 1.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter

_visits: Counter[str] = Counter()
_armed: dict[str, tuple[str, int]] = {}


def arm(text: str) -> None:
    """Arm the failpoints that `text` names; an empty text disarms all."""
    _visits.clear()
    _armed.clear()
    for item in filter(None, text.split(",")):
        name, action, *nth = item.split(":")
        _armed[name] = (action, int(nth[0]) if nth else 1)


def failpoint(name: str) -> None:
    """Do what is armed for this place at this visit; a dictionary look-up when nothing is."""
    if name not in _armed:
        return
    _visits[name] += 1
    action, nth = _armed[name]
    if _visits[name] == nth:
        _strike(name, action)


def _strike(name: str, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif action == "enospc":
        raise OSError(errno.ENOSPC, "No space left on device", name)
    elif action == "sleep":
        time.sleep(5)
    else:
        raise RuntimeError(f"failpoint {name}")
