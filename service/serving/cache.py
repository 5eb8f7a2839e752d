"""Predictors that are ready to answer: a bounded number, the one that was not asked for longest goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import torch

from models.faults import failpoint
from models.predictor import Predictor


class PredictorCache:
    """By the checkpoint's hash. Any number of threads may ask; each checkpoint is loaded once."""

    def __init__(self, size: int, folder_of: Callable[[str], Path]) -> None:
        self._size = size
        self._folder_of = folder_of
        self._lock = threading.Lock()
        self._ready: OrderedDict[str, Predictor] = OrderedDict()
        self._loading: dict[str, threading.Lock] = {}
        # Requests run side by side: more threads inside each of them would only fight for the cores.
        torch.set_num_threads(1)

    def get(self, sha256: str) -> Predictor:
        """The predictor of this checkpoint. Raises CheckpointError where its files are missing or damaged."""
        ready = self._known(sha256)
        if ready is not None:
            return ready
        with self._lock:
            turn = self._loading.setdefault(sha256, threading.Lock())
        with turn:
            ready = self._known(sha256)
            return ready if ready is not None else self._load(sha256)

    def _known(self, sha256: str) -> Predictor | None:
        with self._lock:
            ready = self._ready.get(sha256)
            if ready is not None:
                self._ready.move_to_end(sha256)
            return ready

    def _load(self, sha256: str) -> Predictor:
        failpoint("predict.loading")
        predictor = Predictor.load(self._folder_of(sha256), sha256=sha256)
        with self._lock:
            self._ready[sha256] = predictor
            self._loading.pop(sha256, None)
            while len(self._ready) > self._size:
                self._ready.popitem(last=False)
        return predictor
