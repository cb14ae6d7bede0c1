"""`python -m sync` and, installed, `linky-atlas`."""

import sys


def run(*before: str) -> None:
    """Run the command line, the words of `before` first. Ctrl-C ends it at once while it is imported."""
    try:
        import signal  # noqa: PLC0415 - as little as can be comes before it

        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        from .cli import cli, main  # noqa: PLC0415
    except KeyboardInterrupt:
        sys.exit(3)
    main(cli, [*before, *sys.argv[1:]] if before else None)


if __name__ == "__main__":
    run()
