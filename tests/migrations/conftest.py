"""Databases for these tests."""

from tests.databases import database_url, empty_url, postgres_url, postgresql_url, sqlite_template, sqlite_url, store

__all__ = ["database_url", "empty_url", "postgres_url", "postgresql_url", "sqlite_template", "sqlite_url", "store"]
