"""Rows of the store as the bodies of answers."""
