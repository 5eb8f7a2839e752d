"""Ids: a prefix that tells what it is, and a ULID (time in milliseconds, then randomness) that sorts by time."""

from __future__ import annotations

import secrets
import threading

from service import clock

PREFIXES = ("job", "run", "ds", "dsv", "ckpt", "mdl", "key", "prj")

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """A new id such as `run_01J9ZK...`; within a process each one sorts after the one before."""
    global _last
    with _lock:
        _last = max(clock.now_ms() << 80 | secrets.randbits(80), _last + 1)
        value = _last
    return f"{prefix}_{''.join(_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5))}"
