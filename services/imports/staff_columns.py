"""Which column of a staff list holds what: recognised by header, corrected by people."""

import re
from collections.abc import Mapping

from models.language import Wording, say
from models.text import name_key
from services.imports.columns import is_never_read, named_columns
from services.imports.notices import Notices

#: What a column can hold, in the order in which a screen shows the choice.
STAFF_FIELDS: dict[str, Wording] = {
    "surname": say("Surname"),
    "first_name": say("First name"),
    "full_name": say("Surname and first name in one column"),
    "birth_date": say("Date of birth"),
    "staff_number": say("Staff number"),
    "key": say("Identifier in the source"),
    "sex": say("Sex"),
    "language": say("Language"),
    "personal_email": say("Personal e-mail"),
    "school_email": say("School e-mail"),
    "function": say("Function"),
    "other_functions": say("Other functions"),
    "role": say("Role"),
    "start_date": say("Start date"),
    "exit_date": say("Exit date"),
    "present": say("Administrative presence"),
    "school": say("FASE number of the school"),
    "school_name": say("Name of the school"),
}
#: Field to column index, or to column name; "dates" to "dmy" or "mdy". Plain JSON.
StaffMapping = Mapping[str, int | str]

# Headers in the normal form of `name_key`: no accents, case, spaces or signs. For each field
# the whole header, in the order of preference; then what a longer header must contain.
_EXACT: dict[str, str] = {
    "surname": "nom nomdefamille nomfamille nomdenaissance nommembre nomdumembredupersonnel"
    " nompersonne surname lastname familyname name achternaam naam",
    "first_name": "prenom prenoms prenomusuel 1erprenom premierprenom prenommembre"
    " firstname givenname forename forenames firstnames voornaam",
    "full_name": "nometprenom nomprenom nomsetprenoms nomsprenoms nomcomplet prenometnom"
    " prenomnom membredupersonnel membre fullname completename displayname agent enseignant",
    "birth_date": "datedenaissance datenaissance datenaiss ddn neele nele naissance dnaiss"
    " datedenaiss dateofbirth birthdate dob birthday geboortedatum",
    "staff_number": "matricule nmatricule nomatricule numatricule numeromatricule"
    " numerodematricule matriculeenseignant matriculefwb matriculecf staffnumber",
    "key": "id identifiant identifiantinterne code codeinterne idpersonne idmembre codeproeco"
    " idproeco codepersonne reference sourcedid externalid employeeid staffid personid identifier",
    "sex": "sexe genre sex gender geslacht civilite",
    "language": "langue languematernelle languedecontact languedecorrespondance language taal",
    "personal_email": "emailprive emailprivee emailpersonnel emailperso mailprive mailperso"
    " mailpersonnel courrielprive courrielpersonnel adresseemailprivee adresseemailpersonnelle"
    " adressemailprivee emaildomicile personalemail privateemail homeemail"
    " email mail courriel adresseemail adressemail adressecourriel adresseelectronique"
    " emailaddress",
    "school_email": "emailecole emailscolaire emailprofessionnel emailprofessionnelle emailpro"
    " mailecole mailpro mailprofessionnel courrielecole courrielprofessionnel"
    " adresseemailecole adresseemailprofessionnelle emailetablissement emailinstitutionnel"
    " schoolemail workemail professionalemail officeemail",
    "function": "fonction fonctions fonctionprincipale libellefonction fonctionexercee emploi"
    " function jobtitle job position functie",
    "other_functions": "autresfonctions autrefonction fonctionssecondaires fonctionsecondaire"
    " otherfunctions secondaryfunction",
    "role": "role roles roleapplicatif rolesegec roleextranet",
    "start_date": "datedentree dateentree entree datedentreeenfonction dateentreeenfonction"
    " entreeenfonction datedebut datededebut debut enfonctionle datedengagement startdate begindate"
    " start entrydate hiredate from",
    "exit_date": "datedesortie datesortie sortie datefin datedefin fin datedefindefonction"
    " findefonction datededepart datedepart depart exitdate enddate leavingdate end until",
    "present": "presenceadministrative presenceadm presadministrative presadm presence"
    " presentadministrativement administrativepresence present actif active enactivite",
    "school": "nfase fase nofase nufase numerofase numfase codefase faseecole nfaseecole"
    " nfaseetablissement nfasedeletablissement nfasedelecole numerofaseecole"
    " numerofaseetablissement fasenumber schoolfase fasenumberoftheschool",
    "school_name": "ecole etablissement nomecole nomdelecole nometablissement"
    " nomdeletablissement school schoolname",
}
_CONTAINED: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("school_email", re.compile(r"(?=.*(?:mail|courriel))(?=.*(?:ecole|scol|prof|etab|school))")),
    ("personal_email", re.compile(r"(?=.*(?:mail|courriel))(?=.*(?:priv|perso|domicile|home))")),
    (
        "birth_date",
        re.compile(r"^(?!.*(?:lieu|pays|commune|nom)).*naissance|dateofbirth|birthdate"),
    ),
    ("staff_number", re.compile(r"matricule(?!.*(?:ecole|etab|eleve))")),
    ("present", re.compile(r"presence.*adm|adm.*presence")),
    ("start_date", re.compile(r"date.*(?:entree|debut)")),
    ("exit_date", re.compile(r"date.*(?:sortie|fin$|findefonction|depart)")),
    ("school", re.compile(r"fase(?!.*(?:implant|po$|pouvoir|site))")),
    ("first_name", re.compile(r"^prenom")),
    (
        "surname",
        re.compile(r"^nom(?!bre)(?!.*(?:ecole|etab|prenom|conjoint|jeunefille|mere|pere|rue))"),
    ),
    ("function", re.compile(r"^fonction|libelle.*fonction")),
)
_SYNONYMS = {
    synonym: (name, rank)
    for name, synonyms in _EXACT.items()
    for rank, synonym in enumerate(synonyms.split())
}


def is_header(cells: list[str]) -> bool:
    """Tell whether a row is a header, for titles may stand above it: two fields are known."""
    return len({found[0] for cell in cells if (found := _recognised(cell))}) >= 2


def _recognised(header: str) -> tuple[str, int] | None:
    """Return the field that a header names and how surely (0 is surest), or None."""
    normal = name_key(header)
    if not normal or is_never_read(header):
        return None
    if normal in _SYNONYMS:
        return _SYNONYMS[normal]
    for rank, (name, pattern) in enumerate(_CONTAINED, start=100):
        if pattern.search(normal):
            return name, rank
    return None


def proposed_columns(columns: list[str]) -> dict[str, int]:
    """Return for each field the column whose header names it most surely, the first of equals."""
    best: dict[str, tuple[int, int]] = {}
    for index, header in enumerate(columns):
        found = _recognised(header)
        if found is not None:
            name, rank = found
            best[name] = min(best.get(name, (rank, index)), (rank, index))
    if "surname" in best and "first_name" in best:
        best.pop("full_name", None)
    return {name: best[name][1] for name in STAFF_FIELDS if name in best}


def missing_fields(mapping: Mapping[str, int]) -> list[str]:
    """Return the fields without which no person can be read, as far as they are missing."""
    if "full_name" in mapping:
        return []
    return [name for name in ("surname", "first_name") if name not in mapping]


def chosen_columns(
    columns: list[str], choice: StaffMapping, file: str, line: int, notices: Notices
) -> dict[str, int]:
    """Return the columns that a mapping names; what it names in vain is told."""
    found = named_columns(columns, choice, STAFF_FIELDS, file, line, notices)
    if "surname" in found and "first_name" in found:
        found.pop("full_name", None)
    return found


def named_mapping(columns: list[str], mapping: StaffMapping) -> dict[str, int | str]:
    """Return the mapping by the names of the columns, to be remembered for the next file.

    A column whose name is blank or stands twice stays known by its index.
    """
    named: dict[str, int | str] = {}
    for name, value in mapping.items():
        column = columns[value] if isinstance(value, int) and value < len(columns) else ""
        named[name] = column if column and columns.count(column) == 1 else value
    return named
