"""Data: uploads in, canonical datasets out; splits, report, built-in sets."""
