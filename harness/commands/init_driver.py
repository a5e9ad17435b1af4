"""
`payproof init-driver`: a driver with comments, to be changed into that of one's own gateway.
"""

from pathlib import Path

import typer

from harness.errors import ConfigError

COMMENTED = Path(__file__).parents[1] / "sut" / "driver" / "commented.yaml"


def run_init_driver(file: Path | None) -> int:
    """
    Write it to *file*, or to stdout.

    Raises:
        ConfigError: there is such a file already; it is left as it is.
    """
    text = COMMENTED.read_text(encoding="utf-8")
    if file is None:
        typer.echo(text, nl=False)
        return 0
    try:
        with file.open("x", encoding="utf-8") as fresh:
            fresh.write(text)
    except FileExistsError:
        raise ConfigError(f"{file} is there already", hint="name another file, or remove that one") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}") from error
    typer.echo(f"{file} written; change it, then: payproof check --gateway {file}", err=True)
    return 0
