"""``python -m checker`` is ``labcheck``."""

from checker.cli import main

if __name__ == "__main__":
    main()
