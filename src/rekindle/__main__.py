"""`python -m rekindle` is the same as `rekindle`."""

from rekindle.cli import main

if __name__ == "__main__":
    main()
