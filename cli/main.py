"""The door of the command line: one command in, its exit code out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cli import version
from cli.exits import Exit, report_failure


def invoke(tokens: Sequence[str] | None = None) -> int:
    """Run one command (None: what was typed) and return its exit code. A failure ends with what happened and what to
    do, never with a traceback."""
    typed = sys.argv[1:] if tokens is None else list(tokens)
    try:
        if typed == ["--version"]:  # asked by scripts, so without the machine that prints help
            print(version())
            return Exit.FINE
        from cli.tree import GROUPS, app, load_all

        if not typed or typed[-1] in ("--help", "-h") or typed in [[group] for group in GROUPS]:
            load_all(app)
        code = app(typed, result_action="return_value", exit_on_error=False, print_error=True)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        return Exit.FINE
    except BaseException as error:  # noqa: BLE001 - the last door: everything becomes an exit code and a sentence
        return report_failure(error)
    return code if isinstance(code, int) else Exit.FINE


def main() -> None:
    """Entry point of the console script."""
    sys.exit(invoke())


if __name__ == "__main__":
    main()
