"""Celery's configuration, for those who ring and those who answer."""

# mypy: allow-untyped-calls
# (kombu has few types)

from __future__ import annotations

from pathlib import Path
from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue

from service.settings import Settings

QUEUES = ("any", "cpu", "gpu")
"""Runs for any worker, for one with a CPU, for one with a GPU."""

LOOK = "fitserve.look"
"""The only message: its argument is a run's id."""


def celery_app(settings: Settings) -> Celery:
    """An application that knows the broker. Without `broker_url` that is a folder in the home."""
    app = Celery("fitserve", set_as_current=False)
    # Messages go straight to the queue of their name: the exchange without a name needs no bindings.
    queues = [Queue(name, Exchange(""), routing_key=name) for name in QUEUES]
    app.conf.update(
        task_queues=queues,
        task_default_queue="any",
        task_default_exchange="",
        task_default_routing_key="any",
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=False,
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0},  # a connection that went stale
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2.0,
        broker_heartbeat=0,
        **(_redis(settings) if settings.broker_url.startswith("redis") else _files(settings)),
    )
    return app


def _redis(settings: Settings) -> dict[str, Any]:
    return {
        "broker_url": settings.broker_url,
        "broker_transport_options": {
            "global_keyprefix": settings.broker_prefix,
            "socket_connect_timeout": 2.0,
            "max_retries": 0,
            "socket_keepalive": True,
        },
        "worker_disable_prefetch": True,
    }


def _files(settings: Settings) -> dict[str, Any]:
    folder = settings.broker_url.removeprefix("filesystem://") or settings.home / "broker"
    return {
        "broker_url": None,
        "broker_transport": "service.queue.filesystem:Transport",
        "broker_transport_options": {
            "folder": str(Path(folder).resolve()),
            "polling_interval": settings.poll_seconds,
        },
        "worker_enable_remote_control": False,
    }
