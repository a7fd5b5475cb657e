"""The command line: `bench`, or `python -m bench`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TextIO

import typer

from bench.commands import cache
from bench.commands.anatomy import anatomy
from bench.commands.augment import augment
from bench.commands.backbones import backbones
from bench.commands.compare import compare
from bench.commands.datasets import datasets
from bench.commands.display import terminal
from bench.commands.display.warned import shown_warnings
from bench.commands.doctor import doctor
from bench.commands.ensemble import ensemble
from bench.commands.ensembles import ensembles
from bench.commands.evaluate import evaluate
from bench.commands.explain import explain
from bench.commands.export import export
from bench.commands.filters import NoColor
from bench.commands.interrupts import terminable
from bench.commands.keep import keep
from bench.commands.leaderboard import leaderboard
from bench.commands.look import look
from bench.commands.mistakes import mistakes
from bench.commands.plan import plan
from bench.commands.predict import predict
from bench.commands.recipes import recipes
from bench.commands.report import report
from bench.commands.reproduce import reproduce
from bench.commands.runs import runs
from bench.commands.show import show
from bench.commands.strategies import strategies
from bench.commands.studies import studies
from bench.commands.sweep import sweep
from bench.commands.sweeps import sweeps
from bench.commands.timing import timing
from bench.commands.transfer import transfer
from bench.commands.tune import tune
from bench.commands.usage import NO_ROOM, UsageError, explained, explained_memory, explained_system, is_help
from bench.commands.verify import verify
from bench.environment import check_platform
from bench.errors import BAD_INPUT, EXIT_CODES, INTERRUPTED, TERMINATED, BenchError, TerminatedError

app = typer.Typer(
    name="bench",
    help="Which pretrained backbone to take, and how much of it to train.\n\n"
    "Start with: bench sweep --dataset digits --budget 10M\n\n"
    "Exit codes:\n\n" + "\n\n".join(f"{code}: {meaning}" for code, meaning in EXIT_CODES.items()),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: tuple[Callable[..., None], ...] = (
    sweep, tune, reproduce, plan, leaderboard, report, export, runs, sweeps, show, look, compare, mistakes,
    predict, explain, keep, evaluate, transfer, ensemble, ensembles, backbones, anatomy, strategies, datasets,
    recipes, studies, augment, timing, verify, doctor,
)  # fmt: skip

for command in COMMANDS:
    app.command(command.__name__)(command)
app.add_typer(cache.app)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only for --version

        terminal.write(version("backbone-bench"))
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
]


@app.callback()
def _options(*, version: Version = False, no_color: NoColor = False) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run a command; a user's mistake ends with three sentences on stderr and its exit code, never a traceback."""
    # GNU's OpenMP threads wait busily for each other; on a machine with other work that slows torch many times.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # None where closed: >&-
    sys.exit(_run())


def _run() -> int:
    try:
        with terminable() as terminated, shown_warnings():
            check_platform()
            code = int(app(standalone_mode=False) or 0)
            return TERMINATED if code == INTERRUPTED and terminated.is_set() else code
    except (KeyboardInterrupt, typer.Abort) as error:
        by_terminate = isinstance(error, TerminatedError) or isinstance(error.__cause__, TerminatedError)
        return TERMINATED if by_terminate else INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe (head, less) has seen enough
        _end_output()
        return 0
    except SystemExit as error:  # typer's own answer to such a reader
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        _end_output()
        return 0
    except Exception as error:
        if is_help(error):
            error.show()  # type: ignore[attr-defined] # click's, wherever it comes from
            return BAD_INPUT
        if (known := _known(error)) is None:
            raise
        return _explain(known)


def _known(error: Exception) -> BenchError | None:
    """Return what a user is told of an error; None for a bug."""
    if isinstance(error, BenchError):
        return error
    if isinstance(error, UsageError):
        return explained(error)
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        _end_output()
    return _odd_value(error) or explained_system(error) or explained_memory(error)


def _odd_value(error: Exception) -> BenchError | None:
    """Blame an error on what another program wrote into the database, if a database was opened and has such."""
    if "bench.store.odd_values" not in sys.modules:
        return None
    from bench.store.odd_values import blamed_on_database  # noqa: PLC0415 - it is loaded already

    return blamed_on_database(error)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _end_output() -> None:
    """Let what is left of stdout go nowhere, for Python would fail once more to write it."""
    with contextlib.suppress(OSError, ValueError):  # stdout may be no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: BenchError) -> int:
    with contextlib.suppress(BrokenPipeError):  # stderr's reader may have gone too
        terminal.say_error(error.what, error.why, error.todo)
    return error.exit_code


if __name__ == "__main__":
    main()
