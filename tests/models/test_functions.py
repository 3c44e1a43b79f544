"""How sources write functions."""

import pytest

from models.functions import FUNCTION_RANK, FUNCTIONS, function_from, function_label

WRITTEN = {
    "principal": """directrice|Directeur|DIRECTEUR|ff directeur|Madame la Directrice|Direction
        |Chef d'établissement|Chef d’établissement|Préfet des études|Préfète|principal|Head teacher
        |headmaster|head of school|directrice et institutrice|dir.|Directeur(trice)""",
    "deputy_principal": """Directeur adjoint|directrice-adjointe|dir. adj.|Dir. adjoint
        |Directeur/trice adjoint(e)|Direction adjointe|adjointe à la direction|sous-directrice
        |Proviseur|assistantPrincipal|Vice-principal|Deputy head teacher|deputyHead
        |assistant director|assistant head
        |Directeur adjoint pédagogique""",
    "teacher": """enseignant|Enseignante|Enseignant(e)|enseignant·e|prof|Prof.
        |Professeur de français
        |Professeure|instituteur|Institutrice maternelle|instituteur-trice primaire|inst. prim.
        |Maître d'éducation physique|Chargée de cours|teacher|professor|Professeur principal
        |Membre du personnel directeur et enseignant|chef d'atelier|PROFESSEURS|faculty""",
    "educator": """éducateur|Éducatrice|e\u0301ducateur|éduc.|Educateur/trice|aide
        |Surveillante-éducatrice
        |teachingAssistant|teacher aide|proctor|counselor|paraprofessional""",
    "bursar": "éducateur-économe|Économe|educatrice econome|comptable|Bursar",
    "principal_secretary": """Secrétaire de direction|secr. dir.|Secrétaire de la directrice
        |assistante de direction|Assistant du directeur|Principal's secretary
        |secretary to the principal""",
    "administrative": """Personnel administratif|administrative|Administratif|administrator
        |siteAdministrator|districtAdministrator|systemAdministrator|Secrétaire|commis|adm.
        |Employée (direction)|Rédactrice|clerk""",
    "paramedical": """paramédical|Personnel paramédical|Logopède|Puéricultrice|kinésithérapeute
        |Infirmier(ère)|Assistante sociale|nurse|Puériculteur(trice)""",
    "worker": """ouvrier|Ouvrière d'entretien|Ouvrier(ère)|PERSONNEL OUVRIER|concierge
        |Technicienne de surface|Cuisinière|caretaker""",
}


@pytest.mark.parametrize(
    ("text", "code"), [(t.strip(), code) for code, ts in WRITTEN.items() for t in ts.split("|")]
)
def test_written_forms(text: str, code: str) -> None:
    assert function_from(text) == code


NO_FUNCTION = """student|guardian|parent|relative|staff|élève|?|42|coordonnateur|professionnel
    |Conseiller en prévention|directement|\x1b[2J| |"""


@pytest.mark.parametrize("text", NO_FUNCTION.split("|"))
def test_what_is_no_function_stays_unknown(text: str) -> None:
    assert function_from(text) is None


def test_nobody_becomes_principal_by_working_for_one() -> None:
    for text in ("aide à la direction", "conseillère du directeur", "Employé (direction)"):
        assert function_from(text) not in {"principal", "deputy_principal"}


def test_a_long_text_is_cut_before_it_is_looked_at() -> None:
    assert function_from("x " * 100 + "directeur") is None


def test_every_code_knows_itself_its_place_and_its_name() -> None:
    for rank, code in enumerate(FUNCTIONS):
        assert function_from(code.replace("_", " ")) == code
        assert FUNCTION_RANK[code] == rank
    assert len({function_label(code).text("en") for code in FUNCTIONS}) == len(FUNCTIONS)
    assert function_from("principalSecretary") == "principal_secretary"


def test_labels_are_recognised_again() -> None:
    for code in FUNCTIONS:
        assert function_from(function_label(code).text("en")) == code


def test_unknown_function_has_a_name_but_an_unknown_code_none() -> None:
    assert function_label(None).text("en") == "No function known"
    with pytest.raises(KeyError):
        function_label("astronaut")
