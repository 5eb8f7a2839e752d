"""Networks ready to answer."""

from service.serving.cache import PredictorCache

__all__ = ["PredictorCache"]
