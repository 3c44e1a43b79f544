"""The roles of the services, the missions that confer one, and which role holds (DOMAIN §3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from models.functions import function_from
from models.language import Wording, say
from models.text import name_key

#: Where an effective role comes from.
Origin = Literal["mission", "recorded", "function", "none"]

_LABELS = {
    "management": say("Management"),
    "administration": say("Administration"),
    "teaching": say("Teaching"),
    "education": say("Education and care"),
    "support": say("Support"),
    "access_management": say("Management of accesses"),
    "reader": say("Reader"),
    "guardian": say("Parent or guardian"),
}
#: The role of whoever has an access because of children; never given, and never chosen.
GUARDIAN = "guardian"
#: The codes that can be given, the one that may do most first.
ROLES = tuple(role for role in _LABELS if role != GUARDIAN)

#: The role of the console that a role of the services opens; all others open "staff".
CONSOLE_ROLE = {"management": "director", "access_management": "director", GUARDIAN: "parent"}

#: The role that a function gives where neither a mission nor the post says otherwise. Every
#: function has one, for every staff member with a post receives access.
DEFAULT_ROLES = {
    "principal": "management",
    "deputy_principal": "management",
    "teacher": "teaching",
    "educator": "education",
    "bursar": "administration",
    "principal_secretary": "administration",
    "administrative": "administration",
    "paramedical": "education",
    "worker": "support",
}

# How sources and people write a role, beside its code and the names of functions.
_SYNONYMS = {
    name_key(synonym): role
    for role, synonyms in {
        "management": ("direction", "management", "gestion", "chef d’établissement"),
        "administration": ("administration", "administratif", "secrétariat", "office"),
        "teaching": ("teaching", "enseignement", "enseignant", "faculty"),
        "education": ("education", "éducation", "éducation et soins", "education and care"),
        "support": ("support", "soutien", "personnel ouvrier", "technique"),
        "access_management": (
            "access management",
            "access manager",
            "management of accesses",
            "gestion des accès",
            "gestionnaire des accès",
            "gestionnaire",
        ),
        "reader": ("reader", "lecteur", "lectrice", "lecture seule", "read only", "consultation"),
    }.items()
    for synonym in (role, *synonyms)
}


@dataclass(frozen=True, slots=True)
class MissionKind:
    """A task of the catalogue. `role` is the role it confers; None leaves the person's own."""

    code: str
    label: Wording
    role: str | None = None


#: The missions that a school can give, in the order in which lists show them.
MISSIONS = {
    mission.code: mission
    for mission in (
        MissionKind("acting_principal", say("Acting principal"), "management"),
        MissionKind("access_manager", say("Access manager"), "access_management"),
        MissionKind("administrative_delegate", say("Administrative delegate"), "administration"),
        MissionKind("ib_coordinator", say("IB coordinator")),
        MissionKind("digital_lead", say("Digital lead")),
        MissionKind("prevention_adviser", say("Prevention adviser")),
        MissionKind("inclusion_lead", say("Reasonable adjustments lead")),
        MissionKind("guest_reader", say("Guest reader"), "reader"),
    )
}


def role_label(code: str) -> Wording:
    """Return the name of a role for people. An unknown code raises `KeyError`."""
    return _LABELS[code]


def role_from(text: str) -> str | None:
    """Return the code of the role that `text` names, or None when it names none.

    Understands codes, French and English names, and the name of a function, which means that
    function's usual role.
    """
    role = _SYNONYMS.get(name_key(text[:100]))
    if role is not None:
        return role
    function = function_from(text)
    return DEFAULT_ROLES[function] if function else None


def effective_role(
    mission_roles: Iterable[str | None], recorded_role: str | None, function: str | None
) -> tuple[str | None, Origin]:
    """Return the role that holds for a person in a school, and where it comes from.

    The first mission that confers a role, then the role recorded on the post, then the one of
    the function; `(None, "none")` means that access is blocked. `mission_roles` are those of
    the missions held now, the latest first.
    """
    for role in mission_roles:
        if role:
            return role, "mission"
    if recorded_role:
        return recorded_role, "recorded"
    default = DEFAULT_ROLES.get(function) if function else None
    return (default, "function") if default else (None, "none")
