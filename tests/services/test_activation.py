"""Tokens: what each one opens, what it is refused for, and that it is spent exactly once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from models.access import Access, Suspension
from models.accounts import Account, AddressChange, PasswordReset
from models.consents import Consent
from models.errors import TrousseauError
from models.families import Guardianship
from models.invitations import Invitation
from models.people import Person, Post, SuspectedDouble
from models.tokens import ALPHABET, TokenMistyped, make_token
from services.activation import set_password
from services.admission import look_at_token
from services.forgotten_passwords import forgot_password
from services.passwords import PasswordRefused
from services.sign_in import (
    AccountLocked,
    NoAccessNow,
    SignInRefused,
    TooManyTries,
    WrongPassword,
    sign_in,
)
from services.token_refusals import (
    AccountDeactivated,
    AddressRefused,
    SharedMailbox,
    TokenBlocked,
    TokenExpired,
    TokenInvalid,
    TokenOfOtherYear,
    TokenReplaced,
    TokenUsed,
    TokenWithdrawn,
)
from tests.services.door_world import EMAIL, KEY, OTHER_PASSWORD, PASSWORD, House


def refusal(house: House, token: str, kind: type[TrousseauError]) -> str:
    """Return what is said of a token that `kind` is raised for, at looking and at using."""
    with pytest.raises(kind) as looked:
        look_at_token(house.entrance, token)
    with pytest.raises(kind) as used:
        set_password(house.entrance, token, PASSWORD)
    assert str(used.value) == str(looked.value)
    return looked.value.wording.text("en")


def stranger(token: str) -> str:
    """Return a token that is as well formed, and was never given."""
    plain = token.replace("-", "")
    for letter in ALPHABET:
        for check in ALPHABET:
            made = plain[:10] + letter + plain[11:24] + check
            if letter != plain[10] and _is_well_formed(made):
                return made
    raise AssertionError


def _is_well_formed(text: str) -> bool:
    from models.tokens import parse_token

    try:
        parse_token(text)
    except TokenMistyped:
        return False
    return True


# --- the way in ---------------------------------------------------------------------------


def test_the_token_opens_the_password_and_the_password_opens_the_door(house: House) -> None:
    member, token = house.invited()
    typed = f"  {token.lower().replace('-', ' ')}\n"
    admission = look_at_token(house.entrance, typed)
    assert (admission.kind, admission.name, admission.email) == (
        "invitation", "Jeanne Dupont", EMAIL,
    )  # fmt: skip
    assert (admission.school, admission.service) == ("Institut Saint-Exemple", "Extranet")
    assert house.account() is None  # opening spends nothing
    signed_in = set_password(house.entrance, typed, PASSWORD)
    (profile,) = signed_in.identity.profiles
    assert (profile.role, profile.school_ids) == ("staff", frozenset({house.world.mine}))
    access = house.rows(select(Access))[0]
    assert (access.activated_at, access.activation) == (house.world.clock(), "token")
    account = house.account()
    assert account is not None and account.person_id == member.person
    assert sign_in(house.entrance, EMAIL, PASSWORD).identity == signed_in.identity
    assert house.outcomes("token") == ["ok"]
    assert not house.mails("password_changed")  # there was none before


def test_looking_a_hundred_times_spends_nothing(light: House) -> None:
    _member, token = light.invited()
    for _ in range(100):
        look_at_token(light.entrance, token)
    assert set_password(light.entrance, token, PASSWORD)


def test_a_weak_password_leaves_the_token(light: House) -> None:
    _member, token = light.invited()
    for weak in ("court", "jeanne dupont jeanne", "motdepassemotdepasse"):
        with pytest.raises(PasswordRefused):
            set_password(light.entrance, token, weak)
    assert light.account() is None
    assert set_password(light.entrance, token, "é" * 4 + " phrase très longue " * 40)


def test_another_address_may_be_chosen_and_the_old_one_is_told(house: House) -> None:
    _member, token = house.invited()
    with pytest.raises(AddressRefused):
        set_password(house.entrance, token, PASSWORD, address="not an address")
    new = "Jeanne@Ailleurs.example"
    signed_in = set_password(house.entrance, token, PASSWORD, address=new)
    assert signed_in.identity.email == "Jeanne@ailleurs.example"
    assert [mail.recipient for mail in house.mails("address_changed")] == [EMAIL]
    (row,) = house.rows(select(AddressChange))
    assert (row.email, row.applied_at) == ("Jeanne@ailleurs.example", house.world.clock())
    assert sign_in(house.entrance, new, PASSWORD)
    with pytest.raises(SignInRefused):
        sign_in(house.entrance, EMAIL, PASSWORD)


def test_an_address_given_as_it_was_changes_nothing(light: House) -> None:
    _member, token = light.invited()
    set_password(light.entrance, token, PASSWORD, address=f" {EMAIL} ")
    assert not light.mails("address_changed") and not light.rows(select(AddressChange))


def test_two_who_share_a_mailbox_get_two_accounts(house: House) -> None:
    house.activated()
    _other, token = house.invited(surname="Durand", first_name="Paul")
    assert look_at_token(house.entrance, token).shared
    with pytest.raises(SharedMailbox) as refused:
        set_password(house.entrance, token, PASSWORD)
    assert EMAIL in str(refused.value)
    assert look_at_token(house.entrance, token)  # nothing is spent
    signed_in = set_password(house.entrance, token, PASSWORD, address="paul@courriel.example")
    assert signed_in.identity.name == "Paul Durand"
    assert sign_in(house.entrance, EMAIL, PASSWORD).identity.name == "Jeanne Dupont"


def test_the_address_of_somebody_else_cannot_be_taken(light: House) -> None:
    light.activated()
    _other, token = light.invited(surname="Durand", email="paul@courriel.example")
    with pytest.raises(AddressRefused) as refused:
        set_password(light.entrance, token, PASSWORD, address=EMAIL)
    assert EMAIL not in str(refused.value)
    assert look_at_token(light.entrance, token)


def test_a_second_school_comes_to_the_same_account(house: House) -> None:
    """Invited by two schools at one address: the second token may set the password anew."""
    member, first = house.invited()
    second_access = _second_access(house, member)
    second = house.invite(second_access, school=house.world.other)
    set_password(house.entrance, first, PASSWORD)
    house.later()
    signed_in = set_password(house.entrance, second, OTHER_PASSWORD)
    assert len(signed_in.identity.profiles) == 2
    assert len(house.rows(select(Account))) == 1
    assert [mail.recipient for mail in house.mails("password_changed")] == [EMAIL]


def _second_access(house: House, member: Any, **addresses: Any) -> Any:
    from tests.worlds import Member

    world, now = house.world, house.world.clock()
    post = Post(
        person_id=member.person, school_id=world.other, school_year_id=world.year,
        source_id=world.source, function="teacher", created_at=now, **addresses,
    )  # fmt: skip
    house.add(post)
    post_id = house.rows(select(Post).where(col(Post.school_id) == world.other))[0].id
    house.add(
        Access(
            person_id=member.person, school_id=world.other, school_year_id=world.year,
            service_id=world.service, post_id=post_id, granted_at=now,
        ),
        Consent(
            person_id=member.person, school_id=world.other, post_id=post_id, email=EMAIL,
            email_key=EMAIL, text_version=1, signed_on=now.date(), recorded_at=now,
        ),
    )  # fmt: skip
    access = house.rows(select(Access).where(col(Access.school_id) == world.other))[0]
    return Member(member.person, post_id, access.id)


def test_a_token_mailed_elsewhere_does_not_take_an_account_over(house: House) -> None:
    """Another school's records name another mailbox: its holder has to know the password."""
    member, first = house.invited()
    set_password(house.entrance, first, PASSWORD, address="moi@ailleurs.example")
    second = _second_access(house, member)
    house.edit(Access, col(Access.id) == member.access, activated_at=None)
    token = house.invite(second, school=house.world.other)
    house.edit(Access, col(Access.id) == member.access, activated_at=house.world.clock())
    house.later()
    admission = look_at_token(house.entrance, token)
    assert admission.known and admission.email == "moi@ailleurs.example"
    with pytest.raises(WrongPassword):
        set_password(house.entrance, token, OTHER_PASSWORD)
    for _ in range(3):
        with pytest.raises(WrongPassword):
            set_password(house.entrance, token, OTHER_PASSWORD)
    assert look_at_token(house.entrance, token)
    signed_in = set_password(house.entrance, token, PASSWORD)
    assert len(signed_in.identity.profiles) == 2
    assert sign_in(house.entrance, "moi@ailleurs.example", PASSWORD)
    assert not house.mails("password_changed")


def test_guesses_at_the_present_password_lock_the_account(light: House) -> None:
    member, first = light.invited()
    set_password(light.entrance, first, PASSWORD, address="moi@ailleurs.example")
    second = _second_access(light, member)
    light.edit(Access, col(Access.id) == member.access, activated_at=None)
    token = light.invite(second, school=light.world.other)
    for _ in range(5):
        with pytest.raises(WrongPassword):
            set_password(light.entrance, token, OTHER_PASSWORD)
    with pytest.raises(AccountLocked) as locked:
        set_password(light.entrance, token, PASSWORD)
    assert locked.value.until == light.world.clock() + timedelta(seconds=30)


def test_an_account_made_on_the_command_line_becomes_the_persons(house: House) -> None:
    from services.accounts import add_account

    house.world.desk.write(add_account, EMAIL, "helpdesk", password_hash=None, name="J. Dupont")
    member, token = house.invited()
    signed_in = set_password(house.entrance, token, PASSWORD)
    assert [profile.role for profile in signed_in.identity.profiles] == ["helpdesk", "staff"]
    account = house.account()
    assert account is not None and account.person_id == member.person


def test_a_guardian_comes_in_for_each_child(house: House) -> None:
    person, access, children = house.guardian(2)
    house.add(
        Invitation(
            access_id=access, school_id=house.world.mine, generation=1,
            queued_at=house.world.clock(), valid_until=house.world.clock() + timedelta(days=14),
        )
    )  # fmt: skip
    token = make_token(KEY, "invitation", access, 1)
    signed_in = set_password(house.entrance, token, PASSWORD)
    profiles = signed_in.identity.profiles
    assert [(p.role, p.child) for p in profiles] == [
        ("parent", "Arthur Parent"), ("parent", "Zoé Parent"),
    ]  # fmt: skip
    assert {p.pupil_id for p in profiles} == set(children)
    assert signed_in.identity.person_id == person


# --- the refusals, told apart ---------------------------------------------------------------


def test_mistyped_is_told_before_anything_is_looked_up(light: House) -> None:
    _member, token = light.invited()
    nowhere = replace(light.entrance, engine=None)  # type: ignore[arg-type]
    for typed in ("", "ABCDE", token[:-1], token[:-1] + ("2" if token[-1] != "2" else "3")):
        with pytest.raises(TokenMistyped):
            look_at_token(nowhere, typed)


def test_a_stranger_learns_that_it_is_not_valid_and_nothing_else(house: House) -> None:
    member, token = house.activated()[0], make_token(KEY, "invitation", 1, 1)
    said = {
        refusal(house, stranger(token), TokenInvalid),
        refusal(house, make_token(KEY, "invitation", 2**29, 1), TokenInvalid),
        refusal(house, make_token(KEY, "nothing", member.access, 1), TokenInvalid),
        refusal(house, make_token(KEY, "invitation", member.access, 2), TokenInvalid),
        refusal(house, make_token(KEY, "password", 1, 1), TokenInvalid),
    }
    assert len(said) == 1
    assert set(house.outcomes("token")) == {"ok", "unknown"}


def test_used(house: House) -> None:
    _member, token = house.invited()
    set_password(house.entrance, token, PASSWORD)
    house.later()
    assert "01/09/2026, 10:01" in refusal(house, token, TokenUsed)
    assert house.outcomes("token") == ["ok", "used"]


def test_active_without_the_token(light: House) -> None:
    member, token = light.invited()
    now = light.world.clock()
    light.edit(Access, col(Access.id) == member.access, activated_at=now, activation="known")
    assert "sign in with your address" in refusal(light, token, TokenUsed)


def test_expired(house: House) -> None:
    _member, token = house.invited()
    house.later(days=15)
    assert "15/09/2026, 10:00" in refusal(house, token, TokenExpired)
    assert "Anne Lecomte" in refusal(house, token, TokenExpired)


def test_replaced_names_the_mail_to_use(house: House) -> None:
    member, first = house.invited()
    house.later(hours=4)
    second = house.invite(member, again=True)
    said = refusal(house, first, TokenReplaced)
    assert "14:01" in said and "01/09/2026" in said
    assert set_password(house.entrance, second, PASSWORD)
    refusal(house, first, TokenUsed)


def test_of_another_school_year(house: House) -> None:
    _member, token = house.invited()
    house.later(days=400)
    said = refusal(house, token, TokenOfOtherYear)
    assert "2026-2027" in said and "secretariat@ecole.example" in said


def test_deactivated_by_the_school(house: House) -> None:
    member, token = house.invited()
    house.add(
        Suspension(
            access_id=member.access, school_id=house.world.mine, from_at=house.world.clock(),
            reason="x",
        )
    )  # fmt: skip
    assert "Institut Saint-Exemple" in refusal(house, token, AccountDeactivated)


def test_the_account_is_closed(light: House) -> None:
    member, _signed_in = light.activated()
    token = make_token(KEY, "invitation", member.access, 1)
    light.edit(Account, col(Account.person_id) == member.person, disabled_at=light.world.clock())
    assert "helpdesk" in refusal(light, token, AccountDeactivated)


def test_locked_is_told_to_whoever_held_the_token(house: House) -> None:
    member, _signed_in = house.activated()
    for number in range(5):
        with pytest.raises(SignInRefused):
            sign_in(house.from_(f"198.51.100.{number}"), EMAIL, "wrong")
    with pytest.raises(AccountLocked) as locked:
        look_at_token(house.entrance, make_token(KEY, "invitation", member.access, 1))
    assert locked.value.until == house.world.clock() + timedelta(seconds=30)
    assert "10:01" in locked.value.wording.text("en")


BLOCKS: dict[str, Any] = {
    "consent withdrawn": lambda h, m: h.edit(
        Consent, col(Consent.person_id) == m.person, withdrawn_at=h.world.clock()
    ),
    "suspected double": lambda h, m: h.add(
        SuspectedDouble(
            person_id=m.person,
            other_id=h.world.person(surname="Dupond").person,
            score=4,
            found_at=h.world.clock(),
        )
    ),
    "no role": lambda h, m: h.edit(Post, col(Post.id) == m.post, function="", role=None),
    "no address": lambda h, m: h.edit(
        Person, col(Person.id) == m.person, personal_email=None, personal_email_key=None
    ),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_what_blocks_an_access_blocks_its_token(light: House, block: str) -> None:
    member, token = light.invited()
    BLOCKS[block](light, member)
    assert "Anne Lecomte" in refusal(light, token, TokenBlocked)
    assert light.account() is None


def test_a_token_sent_to_an_address_that_was_wrong_opens_nothing(house: House) -> None:
    member, token = house.invited()
    right = "juste@courriel.example"
    house.edit(
        Person, col(Person.id) == member.person, personal_email=right, personal_email_key=right
    )
    now = house.world.clock()
    house.add(
        Consent(
            person_id=member.person, school_id=house.world.mine, post_id=member.post,
            email=right, email_key=right, text_version=1, signed_on=now.date(), recorded_at=now,
        )
    )  # fmt: skip
    house.later()
    assert "records" in refusal(house, token, TokenWithdrawn)


def test_an_invitation_taken_back(light: House) -> None:
    member, token = light.invited()
    light.edit(
        Invitation, col(Invitation.access_id) == member.access, cancelled_at=light.world.clock()
    )
    refusal(light, token, TokenWithdrawn)


def test_a_guardian_without_a_child_left(light: House) -> None:
    person, access, _children = light.guardian()
    now = light.world.clock()
    light.add(
        Invitation(
            access_id=access, school_id=light.world.mine, generation=1, queued_at=now,
            valid_until=now + timedelta(days=14),
        )
    )  # fmt: skip
    light.edit(Guardianship, col(Guardianship.person_id) == person, ended_at=now)
    refusal(light, make_token(KEY, "invitation", access, 1), AccountDeactivated)


def test_every_refusal_has_a_heading_of_its_own() -> None:
    kinds = (
        TokenMistyped, TokenInvalid, TokenUsed, TokenExpired, TokenReplaced, TokenWithdrawn,
        TokenOfOtherYear, AccountLocked, AccountDeactivated, TokenBlocked, TooManyTries,
    )  # fmt: skip
    assert len({kind.heading for kind in kinds}) == len(kinds)


def test_a_right_password_without_any_access_left_is_told_so(light: House) -> None:
    member, _signed_in = light.activated()
    now = light.world.clock()
    light.add(
        Suspension(access_id=member.access, school_id=light.world.mine, from_at=now, reason="x")
    )
    with pytest.raises(NoAccessNow) as refused:
        sign_in(light.entrance, EMAIL, PASSWORD)
    assert "Anne Lecomte" in str(refused.value)
    account = light.account()
    assert account is not None and account.failed_tries == 0


# --- forgotten ------------------------------------------------------------------------------


def test_forgotten_for_every_kind_of_address(house: House) -> None:
    _member, signed_in = house.activated()
    house.world.person(surname="Jamais", email="jamais@courriel.example")
    answers = [
        forgot_password(house.entrance, address)  # type: ignore[func-returns-value]
        for address in (EMAIL.upper(), "jamais@courriel.example", "x@y.example", "", "no address")
    ]
    assert answers == [None] * 5
    assert house.outcomes("reset") == [
        "queued", "never_activated", "unknown", "unknown",
    ]  # fmt: skip
    (mail,) = house.mails("password_reset")
    assert (mail.recipient, mail.school_id, mail.generation) == (EMAIL, None, 1)
    account = signed_in.identity.account_id
    admission = look_at_token(house.entrance, house.reset_token(account))
    assert (admission.kind, admission.email) == ("reset", EMAIL)
    house.later()
    set_password(house.entrance, house.reset_token(account), OTHER_PASSWORD)
    assert sign_in(house.entrance, EMAIL, OTHER_PASSWORD)
    with pytest.raises(SignInRefused):
        sign_in(house.entrance, EMAIL, PASSWORD)
    assert [mail.recipient for mail in house.mails("password_changed")] == [EMAIL]


def test_the_refusals_of_a_reset(house: House) -> None:
    _member, signed_in = house.activated()
    account = signed_in.identity.account_id
    first, second = house.reset_token(account), house.reset_token(account, 2)
    refusal(house, first, TokenInvalid)
    forgot_password(house.entrance, EMAIL)
    house.later(hours=2)
    forgot_password(house.entrance, EMAIL)
    assert "12:01" in refusal(house, first, TokenReplaced)
    house.later()
    set_password(house.entrance, second, OTHER_PASSWORD)
    house.later()
    assert "12:02" in refusal(house, second, TokenUsed)
    forgot_password(house.entrance, EMAIL)
    house.later(hours=25)
    refusal(house, house.reset_token(account, 3), TokenExpired)
    house.edit(Account, col(Account.id) == account, disabled_at=house.world.clock())
    refusal(house, house.reset_token(account, 3), AccountDeactivated)


def test_a_reset_lifts_the_lock_and_keeps_the_old_password_until_then(house: House) -> None:
    _member, signed_in = house.activated()
    for number in range(5):
        with pytest.raises(SignInRefused):
            sign_in(house.from_(f"198.51.100.{number}"), EMAIL, "wrong")
    forgot_password(house.entrance, EMAIL)
    token = house.reset_token(signed_in.identity.account_id)
    renewed = set_password(house.entrance, token, OTHER_PASSWORD)
    assert "5" in renewed.notices[0].text("en")
    house.later()
    assert sign_in(house.entrance, EMAIL, OTHER_PASSWORD).notices == ()


def test_few_mails_an_hour(light: House) -> None:
    light.activated()
    for _ in range(10):
        forgot_password(light.entrance, EMAIL)
    assert len(light.mails("password_reset")) == 3
    light.later(minutes=61)
    forgot_password(light.entrance, EMAIL)
    assert len(light.mails("password_reset")) == 4


def test_one_origin_cannot_have_mails_sent_to_everybody(light: House) -> None:
    emails = [f"p{number}@courriel.example" for number in range(25)]
    for number, email in enumerate(emails):
        light.add(
            Account(email=email, email_key=email, name=f"P{number}", created_at=light.world.clock())
        )
    for email in emails:
        forgot_password(light.entrance, email)
    assert len(light.mails("password_reset")) == 20
    forgot_password(light.from_("198.51.100.1"), emails[-1])
    assert len(light.mails("password_reset")) == 21


def test_setting_the_password_closes_what_was_asked_before(light: House) -> None:
    member, token = light.invited()
    set_password(light.entrance, token, PASSWORD)
    forgot_password(light.entrance, EMAIL)
    (reset,) = light.rows(select(PasswordReset))
    light.edit(Access, col(Access.id) == member.access, activated_at=None)
    light.edit(Invitation, col(Invitation.id) > 0, used_at=None)
    light.later()
    set_password(light.entrance, token, OTHER_PASSWORD)
    said = refusal(light, light.reset_token(reset.account_id), TokenWithdrawn)
    assert "Forgotten password" in said


# --- once, and all of it --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["invitation", "reset"])
@pytest.mark.every_case
def test_of_many_at_once_exactly_one_wins(house: House, kind: str) -> None:
    if kind == "invitation":
        _member, token = house.invited()
    else:
        _member, signed_in = house.activated()
        forgot_password(house.entrance, EMAIL)
        token = house.reset_token(signed_in.identity.account_id)

    def redeem(number: int) -> str:
        try:
            set_password(house.entrance, token, f"{OTHER_PASSWORD} {number}")
        except TokenUsed:
            return "used"
        return f"{OTHER_PASSWORD} {number}"

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(redeem, range(6)))
    won = [result for result in results if result != "used"]
    assert len(won) == 1
    assert sign_in(house.entrance, EMAIL, won[0])
    assert len(house.rows(select(Account))) == 1
