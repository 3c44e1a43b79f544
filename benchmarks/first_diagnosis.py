"""The first diagnosis of a process that has shown its dashboard and searched for nothing yet.

`python -m benchmarks.first_diagnosis URL READER SCHOOL PERSON` prints its milliseconds, for the
reader helpdesk or director.
"""

import sys
from functools import partial

from benchmarks.databases import NOW
from benchmarks.measuring import timed
from models.database import Actor, make_engine
from services.dashboard import overview
from services.desk import Desk
from services.diagnosis import diagnose_person
from tui import collector


def main() -> int:
    url, reader, school, person = sys.argv[1:]
    schools = None if reader == "helpdesk" else frozenset({int(school)})
    desk = Desk(make_engine(url), Actor(reader, reader, schools), lambda: NOW)
    desk.read(overview, int(school))
    collector.resume()  # as the console does once it is there
    print(timed(partial(desk.read, diagnose_person, int(person))).wall * 1e3)
    return 0


if __name__ == "__main__":
    collector.hold()
    sys.exit(main())
