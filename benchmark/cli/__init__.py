"""The command line. Each command is a function of one of the modules beside this one."""

import errno
import re
import sys
import warnings

import typer

from benchmark.cli import audit, grids, publishing, results, scaffolding, site, trust
from polyskew.errors import UserError
from polyskew.house import check_rooms

# What a folder or disk refuses, which is no fault of the suite's.
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG)

app = typer.Typer(
    name="polyskew",
    help="Does a fine-tuned model learn the task, or does it learn the language?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command()(grids.run)
app.command()(grids.plan)
app.command()(results.board)
app.command()(results.show)
app.command()(results.replicate)
app.command()(site.site)
app.command()(publishing.publish)
app.command()(trust.verify)
app.command()(trust.merge)
app.command()(audit.audit)
app.command("list")(grids.list_)
app.command()(scaffolding.new)
app.command()(scaffolding.check)


def main() -> None:
    """Run the command line; a user's mistake is one sentence and status 2."""
    warnings.formatwarning = _one_line
    try:
        check_rooms()
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where what the output refuses can still be told
    except UserError as error:
        # A file's name may steer a terminal, or hold halves of characters.
        text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(error))
        print(f"polyskew: {text}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.errno not in _REFUSED:
            raise
        name = re.sub(r"\.([^/]+)\.\d+\.tmp$", r"\1", str(error.filename or "a file or the output"))  # as it will be
        print(f"polyskew: {name} cannot be read or written ({str(error.strerror).lower()})", file=sys.stderr)
        sys.stdout = sys.stderr  # else Python's exit would try to write the rest of the output again
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as end:
        # Typer turns an interruption into an exit of its own.
        if isinstance(end, SystemExit) and end.code != 130:
            raise
        print("polyskew: interrupted; what is finished is kept, the same command goes on from there", file=sys.stderr)
        sys.exit(130)


def _one_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning that is meant for the user, without the place in our code that it was raised at."""
    if issubclass(category, UserWarning):
        return f"warning: {message}\n"
    return f"{filename}:{lineno}: {category.__name__}: {message}\n"
