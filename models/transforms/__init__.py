"""Transforms of inputs: two families, TableTransform and ImageTransform (see models.transforms.transform)."""

from models.transforms.categories import Categories
from models.transforms.pictures import ImageTransform, Normalize, Resize, ToUnit
from models.transforms.tables import Impute, Log, MinMax, OneHot, Standardize, TableTransform
from models.transforms.transform import Shape, State

__all__ = [
    "Categories",
    "ImageTransform",
    "Impute",
    "Log",
    "MinMax",
    "Normalize",
    "OneHot",
    "Resize",
    "Shape",
    "Standardize",
    "State",
    "TableTransform",
    "ToUnit",
]
