"""Brokers for these tests."""

from tests.brokers import broker_settings, folder_settings, redis_settings

__all__ = ["broker_settings", "folder_settings", "redis_settings"]
