"""Databases for these tests."""

from tests.databases import database_url, empty_url, postgres_template, sqlite_template, store

__all__ = ["database_url", "empty_url", "postgres_template", "sqlite_template", "store"]
