"""`fitserve key ...`: keys without the API, for a service that is not reachable yet."""

from __future__ import annotations

from typing import Annotated

import typer

from service.auth import SCOPES, Scope, create_key
from service.settings import Settings
from service.store import keys
from service.store.engine import Store
from service.store.rows import DEFAULT_PROJECT

from .serve import MigrationFailed, migrate

commands = typer.Typer(no_args_is_help=True)

DAY = 86_400


@commands.callback()
def prepare() -> None:
    """Keys of this service, made and revoked here on the machine."""
    try:
        migrate()
    except MigrationFailed as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose or what for.")],
    scope: Annotated[str, typer.Option(help=f"What it allows, by comma: {', '.join(SCOPES)}.")] = "read,predict,train",
    days: Annotated[int | None, typer.Option(min=1, help="Valid so long; left out: until revoked.")] = None,
) -> None:
    """Make a key and print it, this once."""
    seconds = None if days is None else days * DAY
    row, secret = create_key(Store(Settings().database), DEFAULT_PROJECT, name, _scopes(scope), seconds)
    typer.echo(f"{row.id} ({', '.join(row.scopes)})", err=True)
    typer.echo(secret)


@commands.command("list")
def list_keys() -> None:
    """List the keys: what they may do, and whether they are valid."""
    with Store(Settings().database).read() as session:
        for row in keys.listed(session, DEFAULT_PROJECT):
            state = "revoked" if row.revoked_at else "valid" if row.expires_at is None else "expires"
            typer.echo(f"{row.id}  {row.hint}...  {state:8} {','.join(row.scopes):28} {row.name}")


@commands.command()
def revoke(key: Annotated[str, typer.Argument(help="Its id, key_...")]) -> None:
    """Let a key open nothing from now on."""
    with Store(Settings().database).begin() as session:
        row = keys.revoke(session, DEFAULT_PROJECT, key)
    if row is None:
        typer.echo(f"There is no key {key}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{key} is revoked.")


def _scopes(text: str) -> tuple[Scope, ...]:
    scopes = tuple(scope for scope in SCOPES if scope in text.split(","))
    if len(scopes) != len(text.split(",")):
        raise typer.BadParameter(f"{text!r}; there are {', '.join(SCOPES)}.")
    return scopes
