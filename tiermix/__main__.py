"""`python -m tiermix` is the same program as the console script."""

from tiermix.main import run

if __name__ == "__main__":
    run()
