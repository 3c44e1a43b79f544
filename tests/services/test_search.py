"""The one search: who and what is found, in which order, for whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlmodel import col

from models.access import Access
from models.accounts import Account
from models.database import SYSTEM, Actor, change, writing
from models.invitations import TOKEN_PURPOSE, Invitation
from models.keys import Key
from models.mail import Mail
from models.people import Person
from models.references import make_reference
from models.schools import GoverningBody, School, Site
from models.text import name_key
from models.tokens import make_token, mark_for_bounce, mark_for_message
from models.workshops import Workshop
from services import search_vocabulary
from services.desk import Desk
from services.search import KINDS, Hit, search, warm_up
from services.search_vocabulary import vocabulary
from tests.services.workshop_world import make_ateliers
from tests.worlds import NOW, Member, World, make_world

KEY = Key(b"k" * 32)


@pytest.fixture
def world(engine: Engine) -> World:
    return make_world(engine)


@pytest.fixture
def find(world: World) -> Callable[..., list[Hit]]:
    def asked(text: str, limit: int = 12, desk: Desk | None = None) -> list[Hit]:
        return (desk or world.desk).read(search, text, limit, KEY)

    return asked


Find = Callable[..., list[Hit]]


def first(hits: list[Hit]) -> tuple[str, int]:
    assert hits, "nothing was found"
    return hits[0].kind, hits[0].id


# --- people -------------------------------------------------------------------------------


def test_a_person_is_found_however_the_name_is_typed(world: World, find: Find) -> None:
    wanted = world.person(surname="D’Hondt", first_name="Marie-Christine", email="mc@ex.be")
    for surname in ("Vandenbroeck", "De Smet", "Leclercq", "Philippart", "Dupont"):
        world.person(surname=surname, first_name="Anne", email=f"{name_key(surname)}@ex.be")
    for text in (
        "D'Hondt Marie-Christine", "dhondt marie christine", "Marie Christine Dhondt", "DHONDT",
        "hondt", "dhon mar", "dhont", "D Hondt", "dhodnt mariechristine", "christine dhondt",
        "dhondtmarie", "marie-chr", "d'hont christine",
    ):  # fmt: skip
        assert first(find(text)) == ("person", wanted.person), text


def test_what_is_heard_is_found_as_it_is_written(world: World, find: Find) -> None:
    wanted = {
        "filipar": world.person(surname="Philippart", first_name="Luc", email="a@ex.be").person,
        "leclerk quentin": world.person(surname="Leclercq", first_name="Quentin").person,
        "tiri": world.person(surname="Thiry", first_name="Paul", email="c@ex.be").person,
        "vanden brouk": world.person(surname="Vandenbroeck", first_name="Els").person,
    }
    for text, person in wanted.items():
        assert first(find(text)) == ("person", person), text


def test_a_result_says_school_function_status_and_where_to_go(world: World, find: Find) -> None:
    wanted = world.person(surname="Wéry", first_name="François", consent=False)
    (hit,) = find("wery francois")
    assert (hit.title, hit.status, hit.schools) == ("Wéry François", "no_consent", 1)
    assert str(hit.status_words) and "Institut Saint-Exemple" in str(hit.detail)
    assert (hit.person_id, hit.school_id, hit.school_year_id, hit.access_id) == (
        wanted.person, world.mine, world.year, wanted.access,
    )  # fmt: skip


def test_a_person_of_several_schools_is_one_result(world: World, find: Find) -> None:
    member = world.person(surname="Claes", first_name="Wouter")
    _work_elsewhere(world, member)
    (hit,) = find("claes")
    assert (hit.schools, hit.school_id) == (2, world.other)  # Athénée comes before Institut
    (hit,) = find("claes", desk=world.director())
    assert (hit.schools, hit.school_id) == (1, world.mine)


def _work_elsewhere(world: World, member: Member) -> None:
    with writing(world.engine, SYSTEM, NOW) as session:
        mine = session.scalars(select(Access).where(col(Access.id) == member.access)).one()
        facts: dict[str, Any] = {"school_year_id": mine.school_year_id, "granted_at": NOW}
        session.add(
            Access(
                person_id=member.person, school_id=world.other, service_id=mine.service_id, **facts
            )
        )
        from models.people import Post

        session.add(
            Post(
                person_id=member.person, school_id=world.other, school_year_id=world.year,
                function="teacher", created_at=NOW,
            )
        )  # fmt: skip


def test_an_exact_name_comes_before_one_that_is_near(world: World, find: Find) -> None:
    near = world.person(surname="Smets", first_name="Anne", email="a@ex.be").person
    exact = world.person(surname="Smet", first_name="Anne", email="b@ex.be").person
    assert [hit.id for hit in find("smet anne")][:2] == [exact, near]


def test_ties_are_broken_in_the_same_way_every_time(world: World, find: Find) -> None:
    people = [
        world.person(surname="Martin", first_name="Luc", email=f"m{n}@ex.be").person
        for n in range(6)
    ]
    assert [hit.id for hit in find("martin luc", 4)] == people[:4]
    search_vocabulary.forget(world.engine)
    assert [hit.id for hit in find("martin luc", 4)] == people[:4]


def test_somebody_found_to_be_another_is_not_shown(world: World, find: Find) -> None:
    kept = world.person(surname="Bodart", first_name="Gérald").person
    gone = world.person(surname="Bodart", first_name="Gérald", email="g@ex.be").person
    with writing(world.engine, SYSTEM, NOW) as session:
        change(session, Person, col(Person.id) == gone, merged_into_id=kept)
    assert [hit.id for hit in find("bodart")] == [kept]


def test_surname_and_fase_number_find_the_one_of_that_school(world: World, find: Find) -> None:
    mine = world.person(surname="Lambert", first_name="Anne", email="a@ex.be").person
    other = world.person(world.other, surname="Lambert", first_name="Anne", email="b@ex.be").person
    assert first(find("lambert anne 9902")) == ("person", other)
    assert first(find("FASE 9901 anne lambert")) == ("person", mine)


# --- addresses and numbers ----------------------------------------------------------------


def test_addresses_of_all_kinds_are_found_with_slips(world: World, find: Find) -> None:
    wanted = world.person(
        surname="Adam", email="sebastien.adam@courriel.example", school_email="sa@ecole.example"
    ).person
    world.person(surname="Dumont", email="autre.personne@courriel.example")
    with writing(world.engine, SYSTEM, NOW) as session:
        account = Account(
            email="seb@maison.example", email_key="seb@maison.example", person_id=wanted,
            created_at=NOW,
        )  # fmt: skip
        house = Account(email="aide@segec.example", email_key="aide@segec.example", created_at=NOW)
        session.add_all([account, house])
        session.flush()
        house_id = house.id
    for text in (
        "sebastien.adam@courriel.example", "SEBASTIEN.ADAM@", "sebastien.adm@courriel.exmaple",
        "sebastien.a", "sa@ecole.example", "seb@maison.exemple",
    ):  # fmt: skip
        assert first(find(text)) == ("person", wanted), text
    assert first(find("aide@segec.example")) == ("account", house_id)
    assert find("aide@segec.example", desk=world.director()) == []


def test_a_staff_number_is_found_half_typed_and_with_a_slip(world: World, find: Find) -> None:
    wanted = world.person(surname="Noël", staff_number="17403140123").person
    for text in (
        "17403140123",
        "1 740314 0123",
        "174031",
        "17403410123",
        "1740314012",
        "17403140124",
    ):
        assert ("person", wanted) in [(hit.kind, hit.id) for hit in find(text)], text
    assert not find("27403140123456")


def test_a_fase_number_tells_school_site_and_governing_body_apart(world: World, find: Find) -> None:
    with writing(world.engine, SYSTEM, NOW) as session:
        body = GoverningBody(name="PO", name_key="po", fase_number=9901)
        site = Site(school_id=world.other, fase_number=9901, locality="Namur")
        session.add_all([body, site])
        session.flush()
        change(session, School, col(School.id) == world.other, governing_body_id=body.id)
        site_id = site.id
    hits = find("9901")
    assert [(hit.kind, hit.id) for hit in hits] == [
        ("school", world.mine), ("site", site_id), ("school", world.other),
    ]  # fmt: skip
    assert len({str(hit.matched) for hit in hits}) == 3
    assert [hit.kind for hit in find("99")] == ["school", "school"]
    assert [(hit.kind, hit.id) for hit in find("9901", desk=world.director())] == [
        ("school", world.mine)
    ]


# --- schools ------------------------------------------------------------------------------


def test_schools_are_found_as_people_call_them(world: World, find: Find) -> None:
    names = (
        ("Collège Notre-Dame de la Paix", "ERPENT"), ("Athénée royal de Binche", "BINCHE"),
        ("Institut Saint-Joseph", "CIPLET"), ("Ecole communale d’Outre-Meuse", "HUY"),
        ("Ecole fondamentale libre Sainte-Thérèse", "MANAGE"),
    )  # fmt: skip
    ids = {}
    with writing(world.engine, SYSTEM, NOW) as session:
        for number, (name, place) in enumerate(names, 100):
            school = School(
                name=name,
                name_key=name_key(name),
                locality=place,
                fase_number=number,
                calendar_id=1,
            )
            session.add(school)
            session.flush()
            ids[place] = school.id
    for text, place in {
        "coll nd paix": "ERPENT", "C.N.D. Erpent": "ERPENT", "ar binche": "BINCHE",
        "atené roial": "BINCHE", "inst st joseph": "CIPLET", "saint jospeh ciplet": "CIPLET",
        "outremeuse": "HUY", "ec comm huy": "HUY", "ste therese": "MANAGE", "efl manage": "MANAGE",
        "ecolefondamentale therese": "MANAGE",
    }.items():  # fmt: skip
        assert first(find(text)) == ("school", ids[place]), text


def test_people_and_schools_share_the_rows(world: World, find: Find) -> None:
    for number in range(12):
        world.person(surname="Exemple", first_name=f"Luc{number}", email=f"e{number}@ex.be")
    kinds = [hit.kind for hit in find("exemple", 6)]
    assert kinds.count("person") == 5
    assert kinds.count("school") == 1


# --- what is pasted -----------------------------------------------------------------------


def _invite(world: World, member: Member, generation: int) -> int:
    with writing(world.engine, SYSTEM, NOW) as session:
        mail = Mail(
            school_id=world.mine, person_id=member.person, access_id=member.access,
            template="invitation", language="fr", generation=generation,
            recipient="secret@courriel.example", queued_at=NOW,
            expires_at=NOW + timedelta(days=14), next_attempt_at=NOW, sent_at=NOW, closed_at=NOW,
        )  # fmt: skip
        session.add(mail)
        session.flush()
        session.add(
            Invitation(
                access_id=member.access, school_id=world.mine, mail_id=mail.id,
                generation=generation, queued_at=NOW, valid_until=NOW + timedelta(days=14),
            )
        )  # fmt: skip
        assert mail.id is not None
        return mail.id


def test_a_pasted_token_says_whose_and_which_generation(world: World, find: Find) -> None:
    member = world.person(surname="Maes", first_name="Ingrid")
    _invite(world, member, 2)
    latest = make_token(KEY, TOKEN_PURPOSE, member.access, 2)
    (hit,) = find(f"  {latest.replace('-', ' ').lower()} ")
    assert (hit.kind, hit.status, hit.generation, hit.access_id) == (
        "token", "latest", 2, member.access,
    )  # fmt: skip
    assert "Maes Ingrid" in str(hit.title)
    (hit,) = find("Bonjour, " * 60 + f"votre jeton : {latest}. Cordialement, A. Maes")
    assert (hit.kind, hit.status, hit.access_id) == ("token", "latest", member.access)
    (hit,) = find(make_token(KEY, TOKEN_PURPOSE, member.access, 1))
    assert (hit.status, hit.generation) == ("replaced", 1)
    (hit,) = find(make_token(Key(b"x" * 32), TOKEN_PURPOSE, member.access, 2))
    assert (hit.status, hit.person_id) == ("unknown", None)
    swapped = latest[1] + latest[0] + latest[2:]
    assert [hit.status for hit in find(swapped)] == (
        ["mistyped"] if swapped != latest else ["latest"]
    )
    elsewhere = world.director(world.other)
    assert [hit.status for hit in find(latest, desk=elsewhere)] == ["unknown"]
    assert latest not in repr(find(latest))


def test_a_form_and_a_message_are_found_by_what_they_carry(world: World, find: Find) -> None:
    member = world.person(surname="Piette", first_name="Clémence")
    mail_id = _invite(world, member, 1)
    reference = make_reference(member.post, 1)
    mark = mark_for_message(KEY, TOKEN_PURPOSE, mail_id, 1)
    elsewhere = world.director(world.other)
    for text, wanted in {
        reference: ("form", member.post),
        f"réf. : {reference.lower()}": ("form", member.post),
        f"<{mark}@segec.example>": ("message", mail_id),
        mark_for_bounce(KEY, mail_id, 1): ("message", mail_id),
    }.items():
        hits = find(text)
        assert first(hits) == wanted, text
        assert hits[0].person_id == member.person
        assert "secret" not in repr(hits)
        assert wanted not in [(hit.kind, hit.id) for hit in find(text, desk=elsewhere)]
    forged = mark[:-1] + ("0" if mark[-1] != "0" else "1")
    assert "message" not in [hit.kind for hit in find(forged)]


# --- whose rows ---------------------------------------------------------------------------


def test_a_director_finds_the_own_schools_only(world: World, find: Find) -> None:
    mine = world.person(surname="Renard", first_name="Paul", email="mine@ex.be").person
    other = world.person(
        world.other, surname="Renardeau", first_name="Zoé", email="other@ex.be",
        staff_number="28803140123",
    ).person  # fmt: skip
    find("renard")  # the helpdesk's own vocabulary is there, and must not serve another
    director = world.director()
    assert [(hit.kind, hit.id) for hit in find("renard", desk=director)] == [("person", mine)]
    for text in ("renardeau zoe", "other@ex.be", "otehr@ex.be", "28803140123", "essai", "9902"):
        hits = find(text, desk=director)
        assert other not in [hit.person_id for hit in hits], text
        assert world.other not in [hit.school_id for hit in hits], text
    assert first(find("renardeau")) == ("person", other)


def test_no_vocabulary_holds_what_its_actor_may_not_see(world: World) -> None:
    world.person(surname="Visible", first_name="Anne", email="visible@ex.be")
    world.person(world.other, surname="Caché", first_name="Zoé", email="cache@ex.be")
    kept = world.director().read(vocabulary)
    found = world.director().read(search_vocabulary.addresses, kept)
    assert [kept.names.surnames.key(n) for n in range(len(kept.names.surnames))] == ["visible"]
    assert not kept.schools.find("essai", 5)
    assert kept.schools.find("exemple", 5)
    assert not found[0].find("cache@ex.be")
    assert found[0].find("visible@ex.be")
    nobody = Desk(world.engine, Actor("none", "staff", frozenset(), person_id=None), world.clock)
    assert len(nobody.read(vocabulary).names.surnames) == 0


def test_vocabularies_are_an_actor_s_own(world: World) -> None:
    world.person(surname="Visible", first_name="Anne")
    first_one, second = world.desk.read(vocabulary), world.director().read(vocabulary)
    assert first_one is not second
    assert world.desk.read(vocabulary) is first_one


def test_former_names_find_whom_somebody_was_found_to_be(world: World, find: Find) -> None:
    kept = world.person(surname="Bodart", first_name="Gérald").person
    gone = world.person(surname="Dujardin", first_name="Gérald", email="g@ex.be").person
    older = world.person(surname="Quatremer", first_name="G.", email="h@ex.be").person
    with writing(world.engine, SYSTEM, NOW) as session:
        change(session, Person, col(Person.id) == older, merged_into_id=gone)
        change(session, Person, col(Person.id) == gone, merged_into_id=kept)
    for text in ("dujardin gerald", "duajrdin", "quatremer"):
        (hit,) = find(text)
        assert (hit.id, hit.title, hit.matched.text("en")) == (
            kept, "Bodart Gérald", "Former name",
        )  # fmt: skip
    assert [(hit.id, hit.matched.text("en")) for hit in find("bodart")] == [(kept, "Name")]
    assert [hit.id for hit in find("dujardin", desk=world.director())] == [kept]
    assert not find("dujardin", desk=world.director(world.other))


def test_heads_are_found_by_those_who_may_see_them(world: World, find: Find) -> None:
    assert not find("fontaine")  # and what is kept from then on must not stay so
    past = world.head("Fontaine", "Claire", "claire.fontaine@ecole.example", ended_at=NOW)
    head = world.head("Fontaine", "Claire", "fontaine@maison.example")
    helpdesk = Desk(world.engine, Actor("office", "helpdesk", None), world.clock)
    coordinators = {
        school: Desk(world.engine, Actor("c", "coordinator", frozenset({school})), world.clock)
        for school in (world.mine, world.other)
    }
    for text, wanted in {
        "fontaine claire": head, "fontaien": head, "claire fontaine": head,
        "fontaine@maison.example": head, "fontaine@masion.example": head,
        "claire.fontaine@ecole.example": past,
    }.items():  # fmt: skip
        hit = find(text, desk=helpdesk)[0]
        assert (hit.kind, hit.id, hit.school_id) == ("head", wanted, world.mine), text
        assert hit.status == ("ended" if wanted == past else "current")
        assert hit.detail == "Institut Saint-Exemple"
    for text in ("fontaine", "fontaine@maison.example"):
        assert first(find(text)) == first(find(text, desk=coordinators[world.mine]))
        for desk in (world.director(), coordinators[world.other]):
            assert "head" not in [hit.kind for hit in find(text, desk=desk)], text


def test_workshops_are_found_by_their_titles(engine: Engine) -> None:
    ateliers = make_ateliers(engine)
    assert not ateliers.office.read(search, "evaluation")
    workshop = ateliers.ask()
    other = ateliers.ask(title="Lire et écrire au PEI")
    for text, wanted in {
        "l'evaluation au pp": workshop, "évalaution": workshop, "ecrire pei": other,
    }.items():  # fmt: skip
        for desk in (ateliers.office, ateliers.coordinator, ateliers.director):
            hit = desk.read(search, text)[0]
            assert (hit.kind, hit.id, hit.school_id) == (
                "workshop", wanted, ateliers.world.mine,
            ), text  # fmt: skip
            assert (hit.status, hit.matched.text("en")) == ("submitted", "Title")
        assert not ateliers.neighbour.read(search, text)
    with writing(engine, SYSTEM, ateliers.world.clock()) as session:
        change(session, Workshop, col(Workshop.id) == other, title="Compter")
    assert first(ateliers.office.read(search, "compter")) == ("workshop", other)


# --- what has changed ---------------------------------------------------------------------


def test_what_is_written_is_found_at_once(world: World, find: Find) -> None:
    old = world.person(surname="Ancien", first_name="Luc", email="ancien@ex.be").person
    assert find("ancein") and find("ancien@ex.eb")
    new = world.person(surname="Nouvelle", first_name="Léa", email="nouvelle@ex.be").person
    for text in ("nouvele lea", "nouvelle@ex.eb"):
        assert first(find(text)) == ("person", new), text
    with writing(world.engine, SYSTEM, NOW) as session:
        change(
            session, Person, col(Person.id) == old, surname="Changé", surname_key="change",
            personal_email="autre@maison.be", personal_email_key="autre@maison.be",
        )  # fmt: skip
        change(session, School, col(School.id) == world.mine, name="Collège Neuf")
    assert first(find("chagne luc")) == ("person", old)
    assert first(find("autre@maison.eb")) == ("person", old)
    assert not find("ancien")
    assert first(find("coll neuf")) == ("school", world.mine)
    director = world.director()
    assert first(find("chagne luc", desk=director)) == ("person", old)


def test_a_change_by_itself_does_not_read_everything_again(world: World) -> None:
    world.person(surname="Premier", first_name="Luc")
    before = world.desk.read(vocabulary)
    world.person(surname="Second", first_name="Léa", email="b@ex.be")
    after = world.desk.read(vocabulary)
    assert after.names is before.names
    assert after.schools is before.schools


# --- whatever is typed --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\t\n \u00a0", "%", "_", "%_%", "/", "\\", "'; --", '"', "[a-z]*", "\x1b[31mdup",
        "\u202edup", "é" * 300, "a" * 10_000, "a " * 5_000, "1" * 10_000, "0", "00000", "99999",
        "9" * 11, "@", "@@@@", "a@", "." * 50, "-", "d d d d d d d d d d", "\ud800", "Ω東京", "١٢٣",
        "²", "n°", "st", "x" * 254 + "@ex.be", "0" * 25, "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ",
        "invitation.99999999999999999.1.abcdefghjkmn", "b+999999999999.1.abcdefghjk", "00K3-1W",
    ],
)  # fmt: skip
def test_nothing_typed_breaks_it(hostile: Desk, text: str) -> None:
    hits = hostile.read(search, text, 12, KEY)
    assert hits == hostile.read(search, text, 12, KEY)
    assert len(hits) <= 12
    assert {hit.kind for hit in hits} <= set(KINDS)
    assert "\x1b" not in repr(hits) and "\u202e" not in repr(hits)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    from models.database import make_engine
    from models.upgrades import upgrade

    folder = tmp_path_factory.mktemp("search")
    engine = make_engine(f"sqlite:///{folder / 'trousseau.db'}")
    upgrade(engine)
    world = make_world(engine)
    world.person(surname="Dupont", first_name="Anne", staff_number="17403140123")
    world.person(surname="100%", first_name="_", email="x_y@ex.be")
    return world.desk


def test_wildcards_are_signs_like_others(hostile: Desk) -> None:
    assert hostile.read(search, "%") == hostile.read(search, "_") == []
    assert [hit.title for hit in hostile.read(search, "x_y@")] == ["100% _"]


def test_the_limit_holds_for_every_kind(hostile: Desk) -> None:
    assert hostile.read(search, "dupont", 0) == hostile.read(search, "dupont", -3) == []
    assert len(hostile.read(search, "99", 1)) == 1


# --- cost ---------------------------------------------------------------------------------


def test_a_key_pressed_asks_a_few_questions_however_many_are_found(
    world: World, engine: Engine
) -> None:
    for number in range(20):
        world.person(surname=f"Dupont{number}", first_name="Luc", email=f"d{number}@ex.be")
    world.desk.read(warm_up)
    world.desk.read(search, "dupont")
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        assert len(world.desk.read(search, "dupont", 12)) == 12
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([statement for statement in asked if statement != "BEGIN"]) <= 6
