"""HTTP only: parse, call the use case, shape the answer."""
