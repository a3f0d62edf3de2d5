"""The lines of a session: typed at a prompt with history and completion, or read from a pipe.

Owns where the history lies: `sandbox-shell-history` in the user's state folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from sandbox.cli.completion import Completer

PROMPT = "soql> "
_MORE = "  ... "
_DELIMITERS = " \t\n,()='<>!"
_REMEMBERED = 1000


def typed_lines(completer: Completer) -> Iterator[str]:
    """Statements as a person types them; a line that ends in a backslash goes on."""
    history = _open_history(completer)
    try:
        while (line := _read_statement()) is not None:
            yield line
    finally:
        if history is not None:
            _close_history(history)


def piped_lines() -> Iterator[str]:
    """Statements from standard input, one a line; a backslash at its end joins the next."""
    begun = ""
    for line in sys.stdin:
        begun += line.rstrip("\n")
        if begun.endswith("\\"):
            begun = begun[:-1] + " "
            continue
        yield begun
        begun = ""
    if begun:
        yield begun


def _read_statement() -> str | None:
    statement, prompt = "", PROMPT
    while True:
        try:
            line = input(prompt)
        except EOFError:
            print()
            return None
        except KeyboardInterrupt:
            print()
            statement, prompt = "", PROMPT
            continue
        statement += line.removesuffix("\\")
        if not line.endswith("\\"):
            return statement
        statement, prompt = statement + " ", _MORE


def _open_history(completer: Completer) -> Path | None:
    try:
        import readline
    except ImportError:
        return None  # a Python without it still has a prompt
    found: list[str] = []

    def complete(text: str, state: int) -> str | None:
        nonlocal found
        if state == 0:
            found = completer.candidates(readline.get_line_buffer(), readline.get_begidx())
            found = [word for word in found if word.lower().startswith(text.lower())]
        return found[state] if state < len(found) else None

    readline.set_completer_delims(_DELIMITERS)
    readline.set_completer(complete)
    # macOS has libedit under the same name, which speaks another language.
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
    path = _history_path()
    try:
        readline.read_history_file(path)
    except FileNotFoundError:
        pass  # the first session
    except OSError as error:
        print(f"The history {path} cannot be read: {error}", file=sys.stderr)
    return path


def _close_history(path: Path) -> None:
    import readline

    readline.set_history_length(_REMEMBERED)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        readline.write_history_file(path)
    except OSError as error:
        print(f"The history {path} cannot be kept: {error}", file=sys.stderr)


def _history_path() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "sandbox-shell-history"
