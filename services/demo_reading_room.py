"""The sample schools' reading room: documents with their versions, committees, conferences.

Told as in `services.demo`: through the services, by the helpdesk, days before today. All of it
is invented.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from models.database import Actor
from services import committees, conferences, documents
from services.committees import Term
from services.conferences import ConferenceFacts
from services.desk import Desk
from services.document_files import Upload
from services.documents import DocumentFacts

#: The committees by what they are for; elections are held for them by these names.
COMMITTEES = {
    "Bureau des chefs d’établissement": "Prépare les réunions plénières et répond, entre elles, "
    "aux questions urgentes.\n\nSe réunit le premier samedi du mois, en ligne.",
    "Comité des programmes": "Lit les projets de guides et rassemble les remarques des "
    "établissements avant leur publication.",
    "Comité du calendrier": "Propose les dates des sessions d’examens et des journées "
    "de rencontre.",
    "Comité des congrès": "Organise les journées d’automne et la conférence de printemps.",
}
_BUREAU, _PROGRAMMES, _CALENDAR, _CONGRESS = COMMITTEES

#: Committee, name, school, function, first and last day in days from today.
_TERMS: tuple[tuple[str, str, str, str, int, int | None], ...] = (
    (_BUREAU, "Anne Lambert", "Institut Saint-Aubert", "présidente", -420, 310),
    (_BUREAU, "Étienne Charlier", "Collège de la Haute-Fagne", "secrétaire", -420, 310),
    (_BUREAU, "Catherine Mertens", "École des Tilleuls", "trésorière", -60, None),
    (_BUREAU, "Bernard Lejeune", "École des Tilleuls", "trésorier", -1150, -61),
    (_BUREAU, "Jacques Poncelet", "Institut Saint-Aubert", "président", -1150, -421),
    (_BUREAU, "Mathilde Fontaine", "Collège de la Haute-Fagne", "présidente", 311, 1041),
    (_PROGRAMMES, "Étienne Charlier", "Collège de la Haute-Fagne", "président", -400, 330),
    (_PROGRAMMES, "Siân O’Connor", "Lycée Europa", "", -400, 330),
    (_PROGRAMMES, "Bernard Lejeune", "École des Tilleuls", "", -1130, -401),
    (_CALENDAR, "Jacques Poncelet", "Institut Saint-Aubert", "rapporteur", -390, 20),
    (_CALENDAR, "Marie-Jeanne D’Hondt", "Athénée de la Vesdre", "", -390, 20),
    (_CONGRESS, "Catherine Mertens", "École des Tilleuls", "présidente", -200, None),
)

_ROOM_RULES = """\
# Règlement de la salle de lecture

## À qui elle s’adresse

La salle de lecture est ouverte aux **chefs d’établissement** du réseau. Ils y lisent les
documents officiels, les procès-verbaux des comités et ce qui concerne les conférences.

## Ce qu’on y trouve

1. Les *documents officiels*, avec toutes leurs versions.
2. Les *procès-verbaux*, dès leur approbation.
3. Les dates des conférences, à reprendre dans votre agenda.

> Un document marqué d’un point est nouveau pour vous, ou a changé depuis votre lecture.

## Confidentialité

Les procès-verbaux {audience}. Merci de ne pas les diffuser en dehors de l’établissement.
"""
_EXAMS = """\
# Calendrier de la session de mai

| Matière | Épreuve | Date | Heure |
|---|---|---|---|
| Français A | 1 | 29 avril | {french} |
| Mathématiques | 1 | 4 mai | 13:00 |
| Mathématiques | 2 | 5 mai | 09:00 |
| Histoire | 1 et 2 | 6 mai | 13:00 |
| Biologie | 1 | 11 mai | {biology} |
| Biologie | 2 | 12 mai | 09:00 |

Les heures sont celles de l’établissement. Les épreuves d’un même jour commencent au même
moment dans toutes les salles.

## À faire avant le {deadline}

- Vérifier la liste des candidats inscrits.
- Annoncer les aménagements accordés.
- Désigner deux surveillants par salle.
"""
_FEES = """\
DROITS ANNUELS

Programme                          Montant
----------------------------------------------
Programme primaire                 {primary} EUR
Programme du premier cycle         {middle} EUR
Programme du diplôme               {diploma} EUR

Les montants s'entendent par établissement et par année scolaire. Ils sont dus le
1er septembre et payables en deux fois sur demande écrite.
"""
_BUDGET = "Poste;Prévu;Réel\r\nFormation;4200;\r\nInscriptions;{fees};\r\nMatériel;1150;\r\n"
_ACCESS = """\
# Access arrangements: guidance for heads of school

Candidates may need arrangements in order to show what they know. The head of school decides
on those marked **S**, and asks for authorisation of those marked **A**.

| Arrangement | Who decides |
|---|---|
| Seating close to the door | S |
| Additional time of 10 % | S |
| Additional time of 25 % or more | A |
| A scribe, or dictation software | A |

Requests are sent **six months** before the examination, with evidence that is less than two
years old.
"""
_CIRCULAR = """\
# Circulaire 12 : inscriptions tardives

Cette circulaire est remplacée par le calendrier de la session de mai.
"""
_MINUTES = """\
# {title}

**Présents** : {present}
**Excusés** : {excused}

## 1. Approbation du procès-verbal précédent

Approuvé à l’unanimité.

## 2. {topic}

{discussion}

**Décision** : {decision}

## 3. Divers

Prochaine réunion le premier samedi du mois prochain, à 10 heures, en ligne.
"""


@dataclass(frozen=True, slots=True)
class _Deed:
    """Something that the helpdesk did so many days ago."""

    ago: float
    do: Callable[[Any], object]


class DemoReadingRoom:
    """The room as it was filled over a year; `go_on` tells it.

    `desk` gives an actor's desk at a moment, `at` is the moment of the demonstration, `today`
    the day there.
    """

    def __init__(
        self,
        at: datetime,
        today: date,
        helpdesk: Actor,
        desk: Callable[[Actor, datetime], Desk],
    ) -> None:
        self._at, self._today, self._desk = at, today, desk
        self._helpdesk = helpdesk
        self._ids: dict[str, int] = {}
        self._deeds: list[_Deed] = []
        self._committees()
        self._official()
        self._minutes()
        self._conferences()

    def go_on(self, until: float) -> None:
        """Let happen what happened more than `until` days ago and was not told yet."""
        due = sorted((deed for deed in self._deeds if deed.ago > until), key=lambda d: -d.ago)
        self._deeds = [deed for deed in self._deeds if deed.ago <= until]
        for deed in due:
            self._desk(self._helpdesk, self._at - timedelta(days=deed.ago)).write(deed.do)

    def _then(self, ago: float, do: Callable[[Any], object]) -> None:
        self._deeds.append(_Deed(ago, do))

    def _day(self, days: int) -> date:
        return self._today + timedelta(days=days)

    # Committees

    def _committees(self) -> None:
        def found(session: Any) -> None:
            for name, purpose in COMMITTEES.items():
                self._ids[name] = committees.add(session, name, purpose)
            for committee, name, school, function, first, last in _TERMS:
                ends = None if last is None else self._day(last)
                term = Term(name, self._day(first), ends, school, function)
                committees.add_term(session, self._ids[committee], term)

        self._then(440, found)

    # Documents

    def _official(self) -> None:
        rules = "sont réservés aux chefs d’établissement"
        self._publish("rules", 430, "Règlement de la salle de lecture", "reglement.md",
                      _ROOM_RULES.format(audience="se lisent ici"))  # fmt: skip
        self._replace("rules", 120, "reglement.md", _ROOM_RULES.format(audience=rules),
                      "Confidentialité des procès-verbaux précisée.")  # fmt: skip
        self._publish("fees", 300, "Droits annuels", "droits-annuels.txt",
                      _FEES.format(primary="7 480", middle="8 930", diploma="10 150"))  # fmt: skip
        self._replace("fees", 45, "droits-annuels.txt",
                      _FEES.format(primary="7 640", middle="9 120", diploma="10 370"),
                      "Montants de la prochaine année scolaire.")  # fmt: skip
        exams = {"french": "09:00", "biology": "09:00", "deadline": "15 janvier"}
        self._publish("exams", 90, "Calendrier de la session de mai", "session-de-mai.md",
                      _EXAMS.format(**exams))  # fmt: skip
        exams["biology"] = "13:00"
        self._replace("exams", 38, "session-de-mai.md", _EXAMS.format(**exams),
                      "Biologie 1 passe à l’après-midi.")  # fmt: skip
        exams["deadline"] = "22 janvier"
        self._replace("exams", 3, "session-de-mai.md", _EXAMS.format(**exams),
                      "Une semaine de plus pour les inscriptions.")  # fmt: skip
        self._publish("budget", 210, "Modèle de budget (tableur)", "modele-budget.csv",
                      _BUDGET.format(fees=10150).encode("cp1252"))  # fmt: skip
        self._replace("budget", 44, "modele-budget.csv",
                      _BUDGET.format(fees=10370).encode("cp1252"), "Nouveaux droits.")  # fmt: skip
        self._publish("access", 12, "Access arrangements: guidance for heads of school",
                      "access-arrangements.md", _ACCESS, language="en")  # fmt: skip
        self._publish("circular", 160, "Circulaire 12 : inscriptions tardives",
                      "circulaire-12.md", _CIRCULAR)  # fmt: skip
        self._then(89, lambda session: documents.withdraw(session, self._ids["circular"]))

    def _minutes(self) -> None:
        told = (
            ("bureau 1", _BUREAU, 62, "Passation de la trésorerie",
             "Bernard Lejeune présente les comptes de l’année, vérifiés par deux membres.",
             "Les comptes sont approuvés. Catherine Mertens reprend la trésorerie."),
            ("bureau 2", _BUREAU, 34, "Préparation de la réunion plénière",
             "L’ordre du jour comprend la révision du calendrier et l’élection de deux comités.",
             "La réunion plénière se tiendra en ligne, sur une matinée."),
            ("bureau 3", _BUREAU, 6, "Journées d’automne : bilan",
             "Cent douze participants. Les ateliers sur l’évaluation étaient complets.",
             "Les présentations seront publiées dans la salle de lecture."),
            ("programmes 1", _PROGRAMMES, 75, "Projet de guide de biologie",
             "Onze établissements ont répondu. La place des travaux pratiques est discutée.",
             "Une remarque commune est envoyée, avec deux propositions de formulation."),
            ("programmes 2", _PROGRAMMES, 19, "Mémoire : critères d’évaluation",
             "Le comité compare les critères actuels et ceux du projet.",
             "Chaque membre consulte ses superviseurs pour la prochaine réunion."),
            ("calendar 1", _CALENDAR, 52, "Session de novembre",
             "Le congé d’automne tombe pendant les épreuves orales.",
             "Le comité demande un décalage d’une semaine."),
        )  # fmt: skip
        for key, committee, ago, topic, discussion, decision in told:
            title = f"{committee} : réunion du {self._day(-ago - 4):%d/%m/%Y}"
            text = _MINUTES.format(
                title=title,
                present="Anne Lambert, Étienne Charlier, Catherine Mertens",
                excused="Jacques Poncelet",
                topic=topic,
                discussion=discussion,
                decision=decision,
            )
            self._publish(key, ago, title, "pv.md", text, committee=committee, held=4)
        self._publish("congress", 25, "Comité des congrès : lieu de la conférence de printemps",
                      "pv-congres.txt", "Trois villes ont été visitées : Namur, Liège et Louvain.\n"
                      "Namur est retenue, pour la salle et pour la gare.\n",
                      committee=_CONGRESS, held=2)  # fmt: skip

    def _publish(
        self,
        key: str,
        ago: float,
        title: str,
        file_name: str,
        contents: str | bytes,
        *,
        committee: str = "",
        held: int = 0,
        language: str = "fr",
    ) -> None:
        """Let a document be published; minutes of a committee, where one was `held` before."""
        kind = "minutes" if committee else "official"
        dated = self._day(-int(ago) - held)

        def publish(session: Any) -> None:
            facts = DocumentFacts(kind, title, dated, self._ids.get(committee), language)
            upload = _upload(file_name, contents)
            self._ids[key] = documents.publish(session, facts, upload)

        self._then(ago, publish)

    def _replace(
        self, key: str, ago: float, file_name: str, contents: str | bytes, note: str
    ) -> None:
        def replace(session: Any) -> None:
            documents.replace(session, self._ids[key], _upload(file_name, contents), note)

        self._then(ago, replace)

    # Conferences

    def _conferences(self) -> None:
        self._announce(
            150, "Journées d’automne des chefs d’établissement", -31, 2, "Namur, salle du parc",
            hours=(time(9), time(16, 30)),
            information="Deux journées d’ateliers sur l’évaluation.\n\n- Accueil dès 8 h 30\n"
            "- Repas compris",
        )  # fmt: skip
        self._announce(
            58, "Heads’ webinar: the new assessment model", 16, 1, "",
            hours=(time(10), time(11, 30)), zone="America/New_York", link="https://conferences.example/heads-webinar",
            information="Ninety minutes, in English, with questions at the end.",
        )  # fmt: skip
        self._announce(
            22, "Conférence de printemps", 118, 3, "Namur", hours=(time(9, 30), time(17)),
            link="https://conferences.example/printemps",
            information="## Programme provisoire\n\n1. Accueil et réunion plénière\n"
            "2. Ateliers par programme\n3. Visite d’un établissement",
        )  # fmt: skip
        self._announce(9, "Semaine mondiale des écoles", 200, 5, "", information="Dates à retenir.")
        called_off = self._announce(100, "Rencontre des coordonnateurs", 40, 1, "Liège")
        self._then(20, lambda session: conferences.withdraw(session, self._ids[called_off]))

    def _announce(
        self,
        ago: float,
        title: str,
        first: int,
        days: int,
        place: str,
        *,
        hours: tuple[time, time] | None = None,
        zone: str = "Europe/Brussels",
        link: str = "",
        information: str = "",
    ) -> str:
        begins, ends = hours or (None, None)
        facts = ConferenceFacts(
            title, self._day(first), self._day(first + days - 1), begins, ends, zone, place, link,
            information,
        )  # fmt: skip

        def announce(session: Any) -> None:
            self._ids[title] = conferences.add(session, facts)

        self._then(ago, announce)
        return title


def _upload(file_name: str, contents: str | bytes) -> Upload:
    return Upload(file_name, contents.encode() if isinstance(contents, str) else contents)
