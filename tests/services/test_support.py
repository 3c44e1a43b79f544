"""“Contact support”: the form begins with the session, the mail brings the own diagnosis alone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.accounts import SignInEvent
from models.calls import CallNote, SupportRequest
from models.database import SYSTEM, Actor, ActorSession, reading, writing
from models.headnet import Headship
from models.kept_text import TAKEN_OUT
from models.language import say, use_language
from models.mail import TEXT_FILE, Mail
from services import calls, support
from services.desk import Desk
from services.findings import Finding
from services.mail.sender import Letterhead, send
from services.mail.url import mail_settings
from services.own_account import NotSignedIn
from services.profiles import actor_for
from services.support import SupportForm, SupportRefused
from tests.servers import MailServer
from tests.services.door_world import EMAIL, KEY, House
from tests.worlds import NOW, Member

HELPDESK = "aide@segec.example"
WORDS = "Je ne vois plus le menu des élèves depuis ce matin."
LETTERHEAD = Letterhead("trousseau@ecole.example")


@pytest.fixture(autouse=True)
def _english() -> None:
    use_language("en")


def come_in(house: House) -> tuple[Actor, Member]:
    member, signed_in = house.activated()
    house.later()
    return actor_for(signed_in.identity, signed_in.identity.profiles[0]), member


def filled(house: House, actor: Actor, words: str = WORDS) -> SupportForm:
    return replace(support.beginning(house.entrance, actor), words=words)


def head(house: House) -> Actor:
    world = house.world
    number = world.head("Lambert", "Luc", "luc@chef.example")
    return Actor("luc@chef.example", "head", frozenset({world.mine}), headship_id=number)


async def deliver(house: House, server: MailServer) -> EmailMessage:
    settings = replace(mail_settings(server.url), timeout=5.0, final_timeout=5.0)
    world = house.world
    await send(world.engine, settings, KEY, LETTERHEAD, clock=world.clock, pause=0.0)
    (received,) = server.messages
    assert received.recipients == [HELPDESK]
    return received.message


def parts(message: EmailMessage) -> tuple[str, str, str]:
    """Return the text, the HTML and the attached file."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    (file,) = message.iter_attachments()
    assert text is not None and html is not None and file.get_filename() == "diagnostic.txt"
    return text.get_content(), html.get_content(), file.get_content()


def test_the_form_begins_with_who_has_signed_in(house: House) -> None:
    actor, _member = come_in(house)
    assert support.beginning(house.entrance, actor) == SupportForm(
        "Dupont", "Jeanne", "9901", EMAIL
    )
    assert support.beginning(house.entrance, head(house)) == SupportForm(
        "Lambert", "Luc", "9901", "luc@chef.example"
    )
    both = replace(actor, schools=frozenset({house.world.mine, house.world.other}))
    assert support.beginning(house.entrance, both).fase_number == ""
    nobody = Actor("x", "staff")
    for step in (
        lambda: support.beginning(house.entrance, nobody),
        lambda: support.contact_support(house.entrance, nobody, SupportForm(), HELPDESK),
    ):
        with pytest.raises(NotSignedIn):
            step()


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_the_mail_brings_the_four_keys_the_words_and_the_diagnosis(
    light: House, mail_server: MailServer, language: str
) -> None:
    actor, _member = come_in(light)
    light.world.person(surname="Autrui", email="secret@autrui.example", consent=False)
    light.world.person(light.world.other, surname="Voisin", consent=False)
    form = filled(light, actor, f"{WORDS}\n<b>&amp;</b> {{facts}}")
    support.contact_support(light.entrance, actor, form, HELPDESK, language=language)
    message = await deliver(light, mail_server)
    text, html, file = parts(message)
    assert "Jeanne Dupont" in message["Subject"] and "9901" in message["Subject"]
    assert message["Reply-To"] == EMAIL
    for said in ("Dupont", "Jeanne", "9901", EMAIL, WORDS, "{facts}"):
        assert said in text
    assert "<b>" in text and "<b>&amp;" not in html and "&lt;b&gt;" in html
    assert "Autrui" not in text + file and "autrui" not in text + file + html
    assert "Voisin" not in text + file


async def test_the_diagnosis_names_what_is_wrong_and_no_address(
    light: House, mail_server: MailServer
) -> None:
    actor, _member = come_in(light)
    unsigned = light.world.person(
        surname="Sansavis", email="sansavis@courriel.example", consent=False
    )
    actor = replace(actor, person_id=unsigned.person)
    form = replace(filled(light, actor), contact="0475 12 34 56")
    support.contact_support(light.entrance, actor, form, HELPDESK, language="en")
    message = await deliver(light, mail_server)
    text, html, file = parts(message)
    assert "has recorded no signed form of yours" in file and "[no_consent]" in file
    assert "no_consent" in text
    assert "courriel.example" not in text + html + file
    shown = support.attached(light.entrance, actor, language="en")
    assert "\r\n".join(shown) in file.replace("\n", "\r\n").replace("\r\r", "\r")
    assert "courriel.example" not in str(message) and message["Reply-To"] is None


def test_no_token_is_in_what_is_kept_and_sent(house: House) -> None:
    _other, token = house.invited(surname="Autre", email="autre@courriel.example")
    actor, _member = come_in(house)
    form = filled(house, actor, f"mon jeton {token} ne va pas")
    form = replace(form, contact=f"{EMAIL} {token}", surname=f"Dupont {token}")
    support.contact_support(house.entrance, actor, form, HELPDESK)
    (mail,) = house.mails(support.SUPPORT)
    assert TAKEN_OUT in mail.values["what"]
    assert token not in str(mail.values) and token[6:] not in str(mail.values)
    with house.entrance.looking() as session:
        (row,) = calls.calls_page(session, calls.CallQuery(), 0, 10).rows
        note = calls.page(session, row.id)
    assert TAKEN_OUT in note.remarks and token[6:] not in str(note)


def test_others_of_the_school_do_not_see_the_message(house: House) -> None:
    for actor in (come_in(house)[0], head(house)):
        support.contact_support(house.entrance, actor, filled(house, actor), HELPDESK)
        house.later()
    schools = frozenset({house.world.mine})
    for role in ("director", "coordinator", "head", "staff"):
        with reading(house.world.engine, Actor("x", role, schools, 99), NOW) as session:
            mails = select(Mail).where(col(Mail.template) == support.SUPPORT)
            assert session.scalars(mails).all() == []
            assert session.scalars(select(SupportRequest)).all() == []
            assert session.scalars(select(CallNote)).all() == []


@pytest.mark.parametrize("who", ["account", "head"])
def test_the_message_waits_on_the_helpdesks_list_until_it_is_closed(house: House, who: str) -> None:
    actor, member = come_in(house) if who == "account" else (head(house), None)
    found = Finding("locked", say("Locked for %(name)s.", name="Jeanne"))
    mail = support.contact_support(
        house.entrance, actor, filled(house, actor), HELPDESK, lambda _session, _actor: [found]
    )
    agent = Desk(house.world.engine, Actor("agent", "helpdesk", None, 1), house.world.clock)
    called = agent.write(calls.open_call, "dupont", remarks="a rappelé")
    by_message, by_call = agent.read(calls.calls_page, calls.CallQuery(), 0, 10).rows
    assert (by_call.id, by_call.words) == (called, None)
    note = agent.read(calls.page, by_message.id)
    assert by_message.words == note.remarks == WORDS and note.written
    assert (note.status, note.opened_by) == ("open", actor.name)
    form = support.beginning(house.entrance, actor)
    assert note.caller == calls.Caller(form.surname, form.first_name, 9901, form.contact)
    assert note.about == calls.About(member.person if member else None, house.world.mine)
    assert [(cause.code, cause.sentence.text()) for cause in note.causes] == [
        ("locked", "Locked for Jeanne.")
    ]
    (step,) = note.steps
    assert (step.kind, step.mail_id, step.done_by) == ("mail", mail, actor.name)
    agent.write(calls.hand_on, by_message.id, "agent")
    agent.write(calls.close, by_message.id)
    assert [row.id for row in agent.read(calls.calls_page, calls.CallQuery(), 0, 10).rows] == [
        called
    ]


def test_what_is_refused_leaves_no_note(light: House) -> None:
    actor, _member = come_in(light)
    for number in range(support.MAILS_AN_HOUR + 1):
        form = filled(light, actor, f"{WORDS} {number}")
        if number == support.MAILS_AN_HOUR:
            with pytest.raises(SupportRefused):
                support.contact_support(light.entrance, actor, form, HELPDESK)
        else:
            support.contact_support(light.entrance, actor, form, HELPDESK)
    with light.entrance.looking() as session:
        assert calls.total(session, calls.CallQuery()) == support.MAILS_AN_HOUR


@pytest.mark.parametrize("kind", ["account", "head"])
def test_after_a_few_messages_one_waits(house: House, kind: str) -> None:
    actor = come_in(house)[0] if kind == "account" else head(house)
    form = filled(house, actor)

    def write() -> int:
        return support.contact_support(house.entrance, actor, form, HELPDESK)

    for _ in range(support.MAILS_AN_HOUR):
        assert write()
    with pytest.raises(SupportRefused, match="already"):
        write()
    house.later(hours=1, minutes=1)
    assert write()
    for _ in range(2 * support.MAILS_A_DAY):
        house.later(minutes=30)
        try:
            write()
        except SupportRefused:
            break
    sent = house.mails(support.SUPPORT)
    assert len(sent) == support.MAILS_A_DAY
    house.later(days=1)
    assert write()


@pytest.mark.parametrize("kind", ["account", "head"])
@pytest.mark.every_case
def test_of_messages_at_once_no_more_go_than_one_after_the_other(house: House, kind: str) -> None:
    actor = come_in(house)[0] if kind == "account" else head(house)
    form = filled(house, actor)

    def write(_number: int) -> bool:
        try:
            return bool(support.contact_support(house.entrance, actor, form, HELPDESK))
        except SupportRefused:
            return False

    with ThreadPoolExecutor(4) as threads:
        sent = list(threads.map(write, range(2 * support.MAILS_AN_HOUR)))
    assert sum(sent) == support.MAILS_AN_HOUR == len(house.mails(support.SUPPORT))


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": "  "},
        {"words": "a" * (support.LONGEST_WORDS + 1)},
        {"fase_number": "12x"},
        {"fase_number": "٣٤"},
        {"surname": ""},
        {"contact": "\n"},
    ],
)
def test_a_wrong_form_is_refused_and_nothing_is_queued(light: House, wrong: dict[str, str]) -> None:
    actor, _member = come_in(light)
    with pytest.raises(SupportRefused):
        support.contact_support(
            light.entrance, actor, replace(filled(light, actor), **wrong), HELPDESK
        )
    for address in ("", "nobody", "a@b.example, c@d.example"):
        with pytest.raises(SupportRefused, match="No address of the helpdesk"):
            support.contact_support(light.entrance, actor, filled(light, actor), address)
    assert light.mails(support.SUPPORT) == []


def test_hostile_words_stay_words(light: House) -> None:
    actor, _member = come_in(light)
    form = SupportForm(
        "Dupont\r\nBcc: x@y.example", "\x1b[2J\u202e", "9901", "a\r\nb", "x\r\n.\r\nQUIT\x00"
    )
    support.contact_support(light.entrance, actor, form, HELPDESK)
    (mail,) = light.mails(support.SUPPORT)
    for name in ("subject", "who", "what"):
        assert "\n" not in mail.values[name] and mail.values[name].isprintable()
    assert mail.recipient == HELPDESK and mail.values["reply_to"] == ""


def test_another_diagnosis_can_be_brought(light: House) -> None:
    actor, member = come_in(light)
    asked = []

    def diagnose(_session: ActorSession, about: Actor) -> list[Finding]:
        asked.append(about.person_id)
        return [Finding("locked", say("Locked."))]

    support.contact_support(light.entrance, actor, filled(light, actor), HELPDESK, diagnose)
    assert asked == [member.person]
    (mail,) = light.mails(support.SUPPORT)
    assert "1. Locked. [locked]" in mail.values[TEXT_FILE] and "locked" in mail.values["then"]


def test_a_head_brings_what_the_checks_of_headnet_say(light: House) -> None:
    actor, world = head(light), light.world
    with writing(world.engine, SYSTEM, NOW) as session:
        former = Headship(
            school_id=world.mine, surname="Ancien", first_name="Guy", surname_key="ancien",
            first_name_key="guy", since=NOW, ended_at=NOW,
        )  # fmt: skip
        session.add(former)
        session.flush()
        session.add_all(
            SignInEvent(
                kind="headnet", outcome=outcome, origin="x", at=NOW, last_at=NOW,
                headship_id=whose, address=address, address_key=address,
            )
            for whose, outcome, address in (
                (actor.headship_id, "other_address", "luc@ailleurs.example"),
                (former.id, "ended", "guy@ancien.example"),
            )
        )  # fmt: skip
    light.later()
    support.contact_support(light.entrance, actor, filled(light, actor), HELPDESK, language="en")
    (mail,) = light.mails(support.SUPPORT)
    file = mail.values[TEXT_FILE]
    assert "[headnet_address]" in file and "I am the new head" in file
    assert "Ancien" not in str(mail.values) and "ailleurs" not in str(mail.values)
