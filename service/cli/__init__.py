"""The command line: `fitserve ...`."""

from .commands import app

__all__ = ["app"]
