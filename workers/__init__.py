"""Celery's side: claims runs, drives the child processes that do the work, records what they tell."""
