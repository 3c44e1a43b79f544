"""The story of a person: every source of it, in order, as far as one sees."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, event, select, update
from sqlmodel import col

from models import bulk
from models.accounts import Account, SignInEvent
from models.database import SYSTEM, change, writing
from models.invitations import Invitation
from models.language import say, use_language
from models.mail import Mail
from models.people import Person
from services import calls, doubles, importing, plans, story, story_rows, team_changes, tries
from services import workshop_participants as participants
from services.access_rows import NotFound
from services.desk import Desk
from services.door_words import HEADNET_WRONG, OUTCOME_WORDS, event_text
from services.findings import Finding
from services.imports.roster import PersonRecord, PostRecord, Roster, SchoolRecord
from services.invitations import plan_invitations
from services.story import Origin, StoryLine, StoryQuery
from services.story_words import KINDS, TEMPLATE_WORDS
from services.workshop_participants import Entry
from tests.services import team_world
from tests.services.headnet_world import ADDRESS, make_heads
from tests.services.workshop_world import make_ateliers
from tests.worlds import NOW, World, make_world

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
STAFF = "Nom;Prénom;Date de naissance;E-mail privé;Fonction\n"


@pytest.fixture(autouse=True)
def _english() -> None:
    use_language("en")


def lines(desk: Desk, person: int, kind: str | None = None, text: str = "") -> list[StoryLine]:
    return desk.read(story.page, StoryQuery(person, kind, text), 0, 500).rows


def told(desk: Desk, person: int, kind: str | None = None) -> list[str]:
    return [line.text.text("en") for line in lines(desk, person, kind)]


def imported(world: World, *rows: str) -> int:
    """Import a staff list of `mine`; return the plan."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "équipe.csv"
        file.write_text(STAFF + "".join(f"{row}\n" for row in rows), "utf-8")
        roster = importing.read(file, "staff")
    desk = world.director()
    request = desk.read(importing.request_for, "staff", school_id=world.mine, file="équipe.csv")
    plan = importing.prepare(desk, roster, request)
    desk.write(plans.apply, plan)
    return plan


def person_named(world: World, surname: str) -> int:
    wanted = select(col(Person.id)).where(col(Person.surname) == surname)
    return world.desk.read(lambda session: session.scalars(wanted).one())


def test_an_import_is_told_with_plan_file_and_line_and_so_is_its_end(engine: Engine) -> None:
    world = make_world(engine)
    first = imported(
        world, "Un;Ève;01/02/1980;un@x.be;enseignant", "Deux;Luc;02/02/1980;;enseignant"
    )
    deux = person_named(world, "Deux")
    world.clock.now = NOW + DAY
    second = imported(
        world,
        "Un;Ève;01/02/1980;un@x.be;enseignant",
        "Deux;Luc;02/02/1980;luc@x.be;enseignant",
    )
    found = lines(world.director(), deux, "import")
    assert [line.at for line in found] == sorted((line.at for line in found), reverse=True)
    assert {line.origin for line in found} == {Origin("plan", first), Origin("plan", second)}
    newest, oldest = found[0], found[-1]
    assert (oldest.file, oldest.line) == ("équipe.csv", 3)
    assert newest.actor == oldest.actor != "" and oldest.school == "Institut Saint-Exemple"
    assert ("personal_email", "", "luc@x.be") in {
        (d.column, d.before, d.after) for line in found[:1] for d in line.differences
    }
    assert "équipe.csv" in (newest.source.text() if newest.source else "")
    world.clock.now = NOW + 2 * DAY
    world.director().write(plans.undo, second)
    undone = lines(world.director(), deux, "import")[0]
    assert undone.text.text().startswith("Undone") and undone.actor == newest.actor
    assert ("luc@x.be", "") in {(d.before, d.after) for d in undone.differences}


def test_the_item_of_each_new_person_is_found_among_many(sqlite_engine: Engine) -> None:
    world = make_world(sqlite_engine)
    imported(world, *(f"Nom{n:03};Paul;;;enseignant" for n in range(60)))
    desk = world.director()
    for number in (0, 31, 59):
        (line,) = lines(desk, person_named(world, f"Nom{number:03}"), "import")
        assert line.line == number + 2


def test_one_import_into_two_schools_is_told_of_both(engine: Engine) -> None:
    world = make_world(engine)
    roster = Roster("staff", True, 4)
    roster.schools += [
        SchoolRecord(number, "", fase_number=int(number)) for number in ("9901", "9902")
    ]
    for name, places in {"Un": ("9901",), "Deux": ("9902", "9901"), "Trois": ("9902",)}.items():
        roster.people.append(PersonRecord(name, "Luc", file="équipe.csv", line=2))
        for place in places:
            post = PostRecord(len(roster.people) - 1, place, None, "teacher", file="équipe.csv")
            roster.posts.append(replace(post, line=2 + len(roster.posts)))
    request = world.desk.read(importing.request_for, "staff")
    world.desk.write(plans.apply, importing.prepare(world.desk, roster, request))
    deux = person_named(world, "Deux")
    found = lines(world.desk, deux, "import")
    assert [line.line for line in found] == [4, 3]
    assert [line.school for line in found] == ["Institut Saint-Exemple", "Athénée de l’Essai"]
    assert len({line.text.text() for line in found}) == 2
    assert len({line.origin for line in found}) == 1
    assert len(lines(world.desk, person_named(world, "Trois"), "import")) == 1


def test_a_person_of_no_import_has_none(engine: Engine) -> None:
    world = make_world(engine)
    imported(world, "Un;Ève;01/02/1980;un@x.be;enseignant")
    by_hand = world.person()
    assert lines(world.desk, by_hand.person, "import") == []
    assert "Put on record" in told(world.desk, by_hand.person, "change")


def test_consents_roles_missions_and_deactivations(engine: Engine) -> None:
    world = team_world.make_world(engine)
    school = world.school("Saint-Exemple")
    member = world.person(school, consent=False, activated=team_world.BEFORE)
    member.print_form()
    member.consent("anne@ex.be", withdrawn_at=None)
    member.suspend("congé [b]long[/b]")
    member.mission("ib_coordinator")
    member.mission("inventée")
    desk = world.desk(school)
    assert told(desk, member.person_id, "consent") == [
        "Consent recorded for anne@ex.be, signed on 24/08/2026",
        "Consent form printed for –",
    ]
    assert "Access deactivated: congé [b]long[/b]" in told(desk, member.person_id, "access")
    assert told(desk, member.person_id, "role") == [
        "Mission given: inventée", "Mission given: IB coordinator"
    ]  # fmt: skip
    wanted = team_changes.TeamChange("set_role", "administration")
    plan = desk.write(team_changes.plan_change, school, world.year_id, [member.person_id], wanted)
    desk.write(plans.apply, plan)
    newest = lines(desk, member.person_id, "role")[0]
    assert newest.origin == Origin("plan", plan) and newest.actor == "director"


def test_messages_tell_the_servers_words_and_their_beginning_once(engine: Engine) -> None:
    world = make_world(engine)
    member = world.person()
    plan = world.director().write(plan_invitations, world.mine, world.year)
    world.director().write(plans.apply, plan)
    with writing(engine, SYSTEM, NOW) as session:
        mail = session.scalars(select(Mail)).one()
        session.execute(update(Mail).values(refused_at=NOW + DAY, reply="550 5.1.1 \x1b[31mno"))
        mail_id = mail.id or 0
    found = lines(world.director(), member.person, "message")
    assert [line.origin for line in found] == [Origin("message", mail_id), Origin("plan", plan)]
    assert found[0].words.startswith("550 5.1.1") and not found[1].words
    opened = world.director().read(story.message, mail_id)
    assert opened.words == found[0].words and len(opened.facts) == 2
    with pytest.raises(NotFound):
        world.director(world.other).read(story.message, mail_id)


def test_tokens_come_with_the_mail_that_brought_them(engine: Engine) -> None:
    world = team_world.make_world(engine)
    school = world.school()
    member = world.person(school)
    invitation = member.invite()
    with writing(engine, SYSTEM, NOW) as session:
        change(session, Invitation, col(Invitation.id) == invitation, used_at=NOW)
    (line,) = lines(world.desk(school), member.person_id, "token")
    assert line.text.text() == "Token of the invitation used"
    assert line.origin is not None and line.origin.kind == "message"


def test_the_door_is_for_the_helpdesk_alone(engine: Engine) -> None:
    world = team_world.make_world(engine)
    school = world.school()
    member = world.person(school)
    other = world.person(school, "Autre", "Un", "autre@ex.be")
    (account,) = world.add(
        Account(
            email="anne@ex.be", email_key="anne@ex.be", person_id=member.person_id,
            created_at=team_world.BEFORE,
        )
    )  # fmt: skip
    (stranger,) = world.add(
        Account(email="x@ex.be", email_key="x@ex.be", created_at=team_world.BEFORE)
    )
    tried = {"at": NOW, "kind": "password", "address": "anne@ex.be", "address_key": "anne@ex.be"}
    world.add(
        SignInEvent(**tried, outcome="wrong", account_id=account, times=3, last_at=NOW + DAY),
        SignInEvent(**tried, outcome="unknown"),
        SignInEvent(**tried, outcome="ok", account_id=stranger),
        SignInEvent(at=NOW, kind="token", outcome="expired", access_id=member.access_id),
        SignInEvent(at=NOW, kind="token", outcome="used", access_id=other.access_id),
    )
    found = lines(world.desk(), member.person_id, "door")
    assert sorted(line.text.text() for line in found) == [
        "Sign-in refused. The address that was typed is no user name.",
        "Sign-in refused. The password that was typed is wrong.",
        "Token refused. The token has expired",
    ]
    assert [(line.times, line.until) for line in found if line.times > 1] == [(3, NOW + DAY)]
    assert "Account opened: anne@ex.be" in told(world.desk(), member.person_id)
    director = lines(world.desk(school), member.person_id)
    assert director and "door" not in {line.kind for line in director}
    assert not any("Account" in line.text.text() for line in director)


def test_every_outcome_and_template_has_words() -> None:
    from services.mail import templates

    assert set(OUTCOME_WORDS) == set(tries.OUTCOMES) - {"ok"}
    bodies = {path.name.split(".")[0] for path in templates._FOLDER.glob("*.txt")}
    assert set(TEMPLATE_WORDS) == bodies - {"test"}
    odd = SignInEvent(at=NOW, kind="?", outcome="?")
    assert event_text(odd).text() == "Refused at the door. ?"


def test_each_school_reads_its_own_and_nobody_a_stranger(engine: Engine) -> None:
    world = team_world.make_world(engine)
    mine, other = world.school("La mienne"), world.school("L’autre")
    member = world.person(mine)
    elsewhere = world.member(member.person_id, other)
    elsewhere.suspend("secret")
    elsewhere.invite(mail={"refused_at": NOW, "reply": "550 secret"})
    elsewhere.mission("digital_lead")
    seen = lines(world.desk(mine), member.person_id)
    assert {line.school for line in seen} <= {"", "La mienne"}
    assert not any("secret" in line.text.text() + line.words for line in seen)
    both = lines(world.desk(), member.person_id)
    assert {"La mienne", "L’autre"} <= {line.school for line in both}
    assert any(line.words == "550 secret" for line in both)
    with pytest.raises(NotFound):
        lines(world.desk(world.school("Tierce")), member.person_id)


def test_doubles_decided_and_what_the_other_had_lived(engine: Engine) -> None:
    world = team_world.make_world(engine)
    school = world.school()
    one, two = world.person(school), world.person(school, first_name="Ann", email="ann@ex.be")
    third = world.person(school, "Tiers")
    double = world.double(one, two)
    apart = world.double(two, third)
    desk = world.desk(school)
    desk.write(doubles.decide_different, apart)
    assert "Decided: not the same person" in told(desk, third.person_id, "double")
    assert "Suspected to be on record twice" in told(desk, two.person_id, "double")
    two.mission("digital_lead")
    plan = desk.write(doubles.plan_merge, double, school)
    desk.write(plans.apply, plan)
    merged = lines(desk, one.person_id)
    assert Origin("plan", plan) in {line.origin for line in merged}
    assert "Mission given: Digital lead" in [line.text.text() for line in merged]


def test_workshops_taken_part_in_unless_two_share_the_name(engine: Engine) -> None:
    ateliers = make_ateliers(engine)
    world, desk = ateliers.world, ateliers.coordinator
    lise = world.person(surname="Peeters", first_name="Lise", email="lise@ecole.example")
    workshop = ateliers.accepted()
    entered = desk.write(
        participants.add, workshop, Entry("", "PEETERS", "Lise", "lp@ecole.example")
    )
    (line,) = lines(ateliers.director, lise.person, "workshop")
    assert line.origin == Origin("workshop", workshop) and line.text.text().startswith("Entered")
    assert lines(ateliers.neighbour, world.person(world.other).person, "workshop") == []
    desk.write(participants.withdraw, entered)
    assert len(lines(ateliers.director, lise.person, "workshop")) == 2
    world.person(surname="Peeters", first_name="Lise", email="autre@ecole.example")
    assert lines(ateliers.director, lise.person, "workshop") == []


def test_pages_counts_and_filters_agree(engine: Engine) -> None:
    world = team_world.make_world(engine)
    school = world.school()
    member = world.person(school)
    for number in range(1, 8):
        member.invite(
            number,
            mail={"sent_at": NOW + number * DAY},
            **({} if number == 7 else {"replaced_at": NOW}),
        )
    desk = world.desk(school)
    whole = desk.read(story.page, StoryQuery(member.person_id), 0, 500)
    assert whole.total == len(whole.rows) == sum(whole.counts.values()) and not whole.cut
    parts = [
        line
        for offset in range(0, whole.total, 4)
        for line in desk.read(story.page, StoryQuery(member.person_id), offset, 4).rows
    ]
    assert parts == whole.rows and len({line.key for line in parts}) == whole.total
    assert [line.at for line in parts] == sorted((line.at for line in parts), reverse=True)
    for kind in KINDS:
        of_kind = desk.read(story.page, StoryQuery(member.person_id, kind), 0, 500)
        assert of_kind.total == whole.counts[kind] and of_kind.counts == whole.counts
    (sent,) = lines(desk, member.person_id, text="NO 7 sent")
    assert sent.at == NOW + 7 * DAY
    for hostile in ("%", "\x1b[31m", "'; --", "x" * 10_000, "\ud800"):
        desk.read(story.page, StoryQuery(member.person_id, None, hostile), 0, 5)
    assert desk.read(story.page, StoryQuery(member.person_id), -5, -5).rows == []


def test_a_story_too_long_ends_where_something_would_be_missing(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = team_world.make_world(sqlite_engine)
    school = world.school()
    member = world.person(school)
    for number in range(1, 5):
        at = NOW + number * DAY
        world.add(
            Mail(
                school_id=school, person_id=member.person_id, template="reminder", language="fr",
                recipient="anne@ex.be", queued_at=at, expires_at=at, next_attempt_at=at,
            )
        )  # fmt: skip
    monkeypatch.setattr(story_rows, "MOST_ROWS", 2)
    found = world.desk(school).read(story.page, StoryQuery(member.person_id), 0, 50)
    assert found.cut and [line.at for line in found.rows] == [NOW + 4 * DAY, NOW + 3 * DAY]


def test_calls_are_the_helpdesks_and_headnet_is_the_coordinators_too(engine: Engine) -> None:
    heads = make_heads(engine)
    world, helpdesk = heads.world, heads.helpdesk
    person = world.person(surname="Dhondt", first_name="Luc", email="luc@ecole.example").person
    heads.record()
    heads.ask()
    heads.later(days=1)
    heads.night()
    cause = Finding("locked", say("Locked."))
    caller = calls.Caller("Peeters", "Lise")
    about = calls.About(person, world.mine)
    note = helpdesk.write(calls.open_call, "dhont", caller, about, [cause])
    heads.later(hours=1)
    helpdesk.write(calls.close, note)
    closed, opened = lines(helpdesk, person, "call")
    assert closed.text.text() == "Call closed" and opened.reason == say("Locked.")
    assert opened.text.text() == "Call noted, from Peeters Lise"
    assert {closed.origin, opened.origin} == {Origin("call", note)}
    seen = told(helpdesk, person, "headnet")
    assert seen == [
        "HeadNet password no. 1 works",
        "HeadNet password no. 1 asked for",
        f"Address of the head recorded: {ADDRESS}",
        "Recorded as head of school",
    ]
    assert {line.origin for line in lines(helpdesk, person, "headnet")} == {
        Origin("headnet", world.mine)
    }
    mailed = told(helpdesk, person, "message")
    assert mailed[-1] == f"HeadNet password no. 1 queued for {ADDRESS}"
    coordinator = lines(heads.coordinator, person)
    assert {"headnet", "message"} <= {line.kind for line in coordinator}
    assert not {"call", "door"} & {line.kind for line in coordinator}
    director = lines(world.director(), person)
    assert director and not {"headnet", "call", "message"} & {line.kind for line in director}
    # A colleague of the same names: the recorded address is neither's, so nobody's story.
    world.person(surname="D’Hondt", first_name="Luc", email="autre@ecole.example")
    assert told(helpdesk, person, "headnet") == []


def test_a_head_is_refused_in_the_words_of_the_checks(engine: Engine) -> None:
    heads = make_heads(engine)
    person = heads.world.person(surname="D’Hondt", first_name="Luc", email=ADDRESS).person
    head = heads.record()
    with writing(engine, SYSTEM, NOW) as session:
        session.add(
            SignInEvent(
                at=NOW, kind="headnet", outcome="wrong", headship_id=head, address=ADDRESS,
                address_key=ADDRESS,
            )
        )  # fmt: skip
    refused = f"Sign-in to HeadNet refused. {HEADNET_WRONG.text('en')}"
    assert told(heads.helpdesk, person, "door") == [refused]
    assert told(heads.coordinator, person, "door") == [refused]
    assert told(heads.world.director(), person, "door") == []


def test_a_director_of_two_schools_reads_both_and_a_third_stays_away(engine: Engine) -> None:
    world = team_world.make_world(engine)
    names = ("Une", "Deux", "Trois")
    schools = [world.school(name) for name in names]
    member = world.person(schools[0])
    for school in schools[1:]:
        world.member(member.person_id, school).suspend("ailleurs")
    seen = lines(world.desk(*schools[:2]), member.person_id)
    assert {line.school for line in seen} == {"", "Une", "Deux"}
    assert len([line for line in seen if "ailleurs" in line.text.text()]) == 1
    assert [line.key for line in lines(world.desk(*schools), member.person_id, text="trois")] != []


def test_a_consent_by_hand_is_opened_itself(engine: Engine) -> None:
    world = team_world.make_world(engine)
    mine, other = world.school("La mienne"), world.school("L’autre")
    member = world.person(mine, consent=False)
    consent = member.consent("anne@ex.be")
    (line,) = lines(world.desk(mine), member.person_id, "consent")
    assert line.origin == Origin("consent", consent)
    opened = world.desk(mine).read(story.consent, consent)
    assert (opened.address, opened.school, opened.withdrawn_at) == ("anne@ex.be", "La mienne", None)
    with pytest.raises(NotFound):
        world.desk(other).read(story.consent, consent)


def test_five_thousand_events_are_paged_by_as_many_questions(engine: Engine) -> None:
    world = team_world.make_world(engine)
    school = world.school()
    member = world.person(school)
    rows = [(bulk.neutral(NOW + number * MINUTE), number % 3 + 1) for number in range(5_000)]
    with engine.execution_options(writes=True).begin() as connection:
        bulk.insert_rows(
            connection, "sign_in_event", ["at", "times"], rows,
            {
                "kind": "token", "outcome": "used", "access_id": member.access_id, "origin": "",
                "address": "", "last_at": bulk.neutral(NOW),
            },
        )  # fmt: skip
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    desk, query = world.desk(), StoryQuery(member.person_id)
    first = desk.read(story.page, query, 0, 50)
    questions = len(asked)
    assert questions < 40 and not first.cut
    assert first.counts["door"] == 5_000 and first.total > 5_000
    assert first.rows[0].at == NOW + 4_999 * MINUTE
    middle = desk.read(story.page, query, 2_500, 50)
    assert len(asked) == 2 * questions
    assert [line.at for line in middle.rows] == [NOW + (2_499 - n) * MINUTE for n in range(50)]
    last = desk.read(story.page, query, first.total - 5, 50)
    assert len(last.rows) == 5 and last.rows[-1].text.text() == "Put on record"
