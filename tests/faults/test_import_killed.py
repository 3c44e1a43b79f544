"""An import whose process is killed at any instant leaves everything or nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from models.bulk import table_named
from models.database import SYSTEM, make_engine
from services import plans
from services.desk import Desk
from services.importing import prepare, read, request_for
from tests.worlds import World, make_world

ROOT = Path(__file__).parents[2]
PEOPLE = 4_000
#: Says when it begins, so that the kill falls into the work and not into the imports.
APPLY = """
import sys
from datetime import UTC, datetime
from models.database import SYSTEM, make_engine
from services import plans
from services.desk import Desk
desk = Desk(make_engine(sys.argv[1]), SYSTEM)
print("ready", flush=True)
desk.write(plans.apply, int(sys.argv[2]))
print("done", flush=True)
"""
TABLES = ("source", "person", "person_key", "post", "access", "suspension", "suspected_double")


def counts(url: str) -> dict[str, int]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            found = {
                name: connection.execute(
                    select(func.count()).select_from(table_named(name))
                ).scalar_one()
                for name in TABLES
            }
            plan = table_named("plan")
            applied = select(func.count()).where(plan.c.applied_at.is_not(None))
            return {**found, "applied": connection.execute(applied).scalar_one()}
    finally:
        engine.dispose()


def planned(engine: Engine, folder: Path) -> tuple[World, int]:
    world = make_world(engine)
    rows = [
        f"Nom{i};Prénom{i};{1 + i % 28:02}/0{1 + i % 9}/19{60 + i % 40};{i}" for i in range(PEOPLE)
    ]
    file = folder / "personnel.csv"
    file.write_text("\n".join(["Nom;Prénom;Date de naissance;Identifiant", *rows]), "utf-8")
    desk = Desk(engine, SYSTEM, lambda: datetime(2026, 9, 1, 8, 30, tzinfo=UTC))
    request = desk.read(request_for, "staff", school_id=world.mine)
    return world, prepare(desk, read(file, "staff"), request)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_killed_at_random_all_or_nothing(engine: Engine, database_url: str, tmp_path: Path) -> None:
    _world, plan_id = planned(engine, tmp_path)
    engine.dispose()
    nothing = counts(database_url)
    chance = random.Random(20260901)
    duration = 1.0
    for _kill in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", APPLY, database_url, str(plan_id)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        began = time.monotonic()
        try:
            process.wait(chance.uniform(0, duration))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        now = counts(database_url)
        if now["applied"]:
            assert (now["person"], now["access"]) == (PEOPLE, PEOPLE)
            desk = Desk(make_engine(database_url), SYSTEM)
            desk.write(plans.undo, plan_id)
            desk.engine.dispose()
            assert {**counts(database_url), "applied": 0} == {**nothing, "applied": 0}
            break
        assert now == nothing
        duration = max(duration, (time.monotonic() - began) * 1.2)
    else:
        desk = Desk(make_engine(database_url), SYSTEM)
        desk.write(plans.apply, plan_id)
        desk.engine.dispose()
        assert counts(database_url)["access"] == PEOPLE
