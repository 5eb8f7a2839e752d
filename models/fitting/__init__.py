"""Fitting: procedures that turn data into a network, each a generator of events (models.events)."""

from models.fitting.gradient import fit
from models.fitting.watch import Limits

__all__ = ["Limits", "fit"]
