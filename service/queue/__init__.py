"""The doorbell: Celery messages that say "look at this run". What has to be done stands in the database."""

from .broker import LOOK, QUEUES, celery_app
from .producer import Doorbell

__all__ = ["LOOK", "QUEUES", "Doorbell", "celery_app"]
