"""`python -m service.cli`: the same as `fitserve`."""

from service.cli import app

if __name__ == "__main__":
    app()
