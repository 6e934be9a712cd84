"""`gozoo`, and `python -m algorithms`: the command line, deaf to no Ctrl-C while it loads."""

import sys


def main() -> None:
    """See `algorithms.cli`; loading it takes long enough to be interrupted."""
    try:
        from algorithms.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
