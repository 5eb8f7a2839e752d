"""Databases for these tests."""

from tests.databases import database_url, empty_url, postgres_url, sqlite_template, store

__all__ = ["database_url", "empty_url", "postgres_url", "sqlite_template", "store"]
