"""What the service tells about itself: log lines of JSON (structlog), numbers for Prometheus."""

from __future__ import annotations

import logging
import sys

import structlog
from prometheus_client import Counter, Histogram

REQUEST_SECONDS = Histogram(
    "fitserve_request_seconds",
    "Time from the request's head to the end of its answer",
    ["method", "route", "status"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
)
PREDICTIONS = Counter("fitserve_predictions_total", "Rows and pictures that were answered")


def configure(level: int = logging.INFO) -> None:
    """One line of JSON an event, to standard output."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
