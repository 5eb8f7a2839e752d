"""Readers of uploads: each turns one format into models.data.canonical.Content."""
