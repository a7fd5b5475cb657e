"""The command line: `bench`, or `python -m bench`."""

from __future__ import annotations

import errno
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
from bench.commands.doctor import doctor
from bench.commands.ensemble import ensemble
from bench.commands.ensembles import ensembles
from bench.commands.evaluate import evaluate
from bench.commands.explain import explain
from bench.commands.export import export
from bench.commands.filters import NoColor
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
from bench.commands.usage import UsageError, explained, is_help
from bench.commands.verify import verify
from bench.errors import BAD_INPUT, INTERRUPTED, BenchError

app = typer.Typer(
    name="bench",
    help="Which pretrained backbone to take, and how much of it to train.\n\n"
    "Start with: bench sweep --dataset digits --budget 10M",
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

        typer.echo(version("backbone-bench"))
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
    try:
        sys.exit(app(standalone_mode=False))
    except BenchError as error:
        _say(error)
        sys.exit(error.exit_code)
    except UsageError as error:
        if is_help(error):
            error.show()  # type: ignore[attr-defined] # click's, wherever it comes from
        else:
            _say(explained(error))
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe (head, less) has seen enough
        _end_output()
        sys.exit(0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _end_output()
        _say(
            BenchError("Not everything could be written.", f"{error.strerror}.", "Free some space, and try again.")
        )
        sys.exit(BAD_INPUT)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _end_output() -> None:
    """Let what is left of stdout go nowhere, for Python would fail once more to write it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(error: BenchError) -> None:
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    head = f"\033[1;31merror:\033[0m {error.what}" if colour else f"error: {error.what}"
    print("\n".join(part for part in (head, error.why, error.todo) if part), file=sys.stderr)  # noqa: T201 - stderr


if __name__ == "__main__":
    main()
