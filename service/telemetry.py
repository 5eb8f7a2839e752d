"""Log lines: one JSON object each, on stderr, with control characters escaped. Numbers for Prometheus."""

from __future__ import annotations

import logging
import sys
from typing import Any, cast

import structlog
from prometheus_client import Counter, Histogram

REQUEST_SECONDS = Histogram(
    "fitserve_request_seconds",
    "Time from the head of a request to the end of its answer",
    ["method", "route", "status"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)
PREDICTIONS = Counter("fitserve_predictions", "Rows and pictures that were answered")


def configure(level: str = "info", **context: Any) -> None:
    """Set up logging for this process; `context` goes into each of its lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**context)


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of a module: `logger(__name__).info("run-claimed", run=run_id)`."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(module=name))
