"""Predictors kept ready to answer."""
