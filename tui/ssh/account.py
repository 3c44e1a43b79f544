"""Whose key it is, and as what of theirs a command is run; what is run at the door."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.language import say, use_language
from tui.cli.office import Office, now
from tui.ssh.commands import Request, RequestRefused
from tui.ssh.discretion import discreetly
from tui.ssh.visitor import Visitor

if TYPE_CHECKING:
    from models.database import ActorSession
    from services.desk import Desk
    from services.profiles import Identity, Profile
    from services.sign_in import Entrance
    from tui.settings import Settings


@dataclass(frozen=True, slots=True)
class _Opened:
    settings: "Settings"
    entrance: "Entrance"


@contextmanager
def office_for(visitor: Visitor, request: Request) -> Iterator[tuple[Office, str | None]]:
    """Open the installation for the account of a visitor's key, as far as its role reaches.

    Gives the office and the school to name to the command, None for none. Raises
    `RequestRefused` where the key is no account's, or the account may not do this.
    """
    from services.desk import Desk
    from services.profiles import actor_for

    with _opened(visitor) as opened:
        entrance = opened.entrance
        identity = _identity(entrance, visitor)
        use_language(identity.language)
        desks = {
            profile: Desk(entrance.engine, actor_for(identity, profile), now)
            for profile in identity.profiles
        }
        desk = _chosen(desks, request)
        yield Office(opened.settings, desk, visitor.origin), _named_school(desk, request)


@contextmanager
def office_at_the_door(visitor: Visitor) -> Iterator[Office]:
    """Open the installation for somebody who has not signed in, and whose desk shows nothing."""
    from models.database import Actor
    from services.desk import Desk

    with _opened(visitor) as opened:
        nobody = Actor("ssh", "nobody")
        yield Office(opened.settings, Desk(opened.entrance.engine, nobody, now), visitor.origin)


@contextmanager
def _opened(visitor: Visitor) -> Iterator[_Opened]:
    from models.keys import load_key
    from services.opening import open_database
    from services.passwords import Hasher
    from services.sign_in import Entrance
    from tui.settings import load_settings

    with discreetly():
        settings = load_settings()
        settings.folders.create()
        key = load_key(settings.folders.key_file)
        engine = open_database(
            settings.database(),
            embedded=settings.embedded,
            at=now(),
            token_days=settings.token_days,
        )
    try:
        hasher = Hasher(settings.folders.state)
        yield _Opened(settings, Entrance(engine, hasher, key, now, visitor.origin))
    finally:
        engine.dispose()


def _identity(entrance: "Entrance", visitor: Visitor) -> "Identity":
    from services.sign_in import SignInRefused, sign_in_by_key

    try:
        return sign_in_by_key(entrance, visitor.fingerprint or "").identity
    except SignInRefused:
        raise no_account() from None


def no_account() -> RequestRefused:
    return RequestRefused(
        say("Commands are for SSH keys that belong to an account. Without one: ssh -t"),
        "no-account",
    )


def _chosen(desks: "dict[Profile, Desk]", request: Request) -> "Desk":
    """Return the desk of the one profile that a request means."""
    able = {
        profile: desk for profile, desk in desks.items() if request.command.is_for(profile.role)
    }
    if request.role is not None:
        able = {profile: desk for profile, desk in able.items() if profile.role == request.role}
    if not able:
        raise RequestRefused(say("Your account is not allowed to do this."), "role")
    if request.school is not None:
        able = {profile: desk for profile, desk in able.items() if _has(desk, request.school)}
        if not able:
            raise RequestRefused(
                say("There is no school %(text)s among yours.", text=request.school), "school"
            )
    roles = sorted({profile.role for profile in able})
    if len(roles) > 1:
        raise RequestRefused(
            say("Say as what you do this: --as %(roles)s", roles=" | ".join(roles)), "as-what"
        )
    if len(able) > 1 and request.school is None:
        raise RequestRefused(say("Say for which school: --school FASE"), "school")
    return next(iter(able.values()))


def _has(desk: "Desk", school: str) -> bool:
    from services import lookup

    try:
        desk.read(lookup.find_school, school)
    except lookup.NotKnown:
        return False
    return True


def _named_school(desk: "Desk", request: Request) -> str | None:
    """Return the school to name to the command, None for none; one must be said of several."""
    named = request.command.school
    if named == "never":
        return None
    if named == "asked" or request.school is not None:
        return request.school
    schools = desk.actor.schools
    if schools is None or len(schools) != 1:
        raise RequestRefused(say("Say for which school: --school FASE"), "school")
    (school_id,) = schools
    return desk.read(_name_of, school_id)


def _name_of(session: "ActorSession", school_id: int) -> str:
    """Return how a school is named on a command line."""
    from sqlalchemy import select
    from sqlmodel import col

    from models.schools import School

    school = session.scalars(select(School).where(col(School.id) == school_id)).one()
    return str(school.fase_number or f"{school.source}:{school.source_key}")
