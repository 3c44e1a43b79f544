# ruff: noqa: E501 (one row of a file, one line)
"""The sample schools: invented in every name, number and address, and true to the field.

Three schools of a French Community that does not exist, with some sixty people. FASE
numbers above 98000 look like real ones and are none; addresses end in `.example`, which
nobody can own (RFC 2606). The texts are files as the program imports them; `{…}` stand for
days that depend on the day of the demonstration.
"""

from dataclasses import dataclass
from datetime import date, timedelta

MAIN = 98101
PRIMARY = 98102
COLLEGE = 98103

SCHOOLS_FILE = """\
N° FASE de l'établissement;Nom de l'établissement;Numéro BCE de l'établissement;Réseau;\
Adresse de l'établissement;Code postal de l'établissement;Localité de l'établissement;\
N° FASE de l'implantation;Adresse de l'implantation;Code postal de l'implantation;\
Localité de l'implantation;N° FASE du P.O.;Nom de P.O.;N° BCE du P.O.;Adresse du P.O.;\
Code postal du P.O.;Localité du P.O.
98101;Institut Saint-Aubert;;Libre confessionnel;Rue du Vieux Moulin 12;5999;Valmeuse;\
98111;Rue du Vieux Moulin 12;5999;Valmeuse;98901;Institut Saint-Aubert ASBL;;\
Rue du Vieux Moulin 12;5999;Valmeuse
98101;Institut Saint-Aubert;;Libre confessionnel;Rue du Vieux Moulin 12;5999;Valmeuse;\
98112;Chemin des Écluses 3;5999;Valmeuse;98901;Institut Saint-Aubert ASBL;;\
Rue du Vieux Moulin 12;5999;Valmeuse
98102;École fondamentale Les Tilleuls;;Libre confessionnel;Place des Tilleuls 1;5998;Aubrelles;\
98121;Place des Tilleuls 1;5998;Aubrelles;98901;Institut Saint-Aubert ASBL;;\
Rue du Vieux Moulin 12;5999;Valmeuse
98103;Collège Notre-Dame de Hautefagne;;Libre confessionnel;Drève du Prieuré 40;4999;Hautefagne;\
98131;Drève du Prieuré 40;4999;Hautefagne;98903;Collèges de Hautefagne ASBL;;\
Drève du Prieuré 40;4999;Hautefagne
"""

HEADER = (
    "Nom;Prénom;Date de naissance;Sexe;E-mail privé;E-mail école;Fonction;"
    "Date d'entrée;Date de sortie;Présence administrative\n"
)

#: Last school year's team of the main school, as far as it matters now.
MAIN_LAST_YEAR = """\
Lambert;Anne;14/03/1974;F;anne.lambert@courriel.example;direction@saint-aubert.example;Directrice;01/09/2003;;x
Delvaux;Philippe;02/11/1969;M;ph.delvaux@boite.example;;Enseignant;01/09/1995;;x
Gérard;Gaëlle;21/05/1983;F;gaelle.gerard@courriel.example;;Enseignante;01/09/2008;;x
El Amrani;Fatima;09/12/1979;F;f.elamrani@messagerie.example;;Éducatrice;01/09/2006;;x
Noël;Bénédicte;30/08/1966;F;b.noel@boite.example;;Secrétaire de direction;01/09/1990;;x
Rousseau;Michel;17/01/1960;M;michel.rousseau@courriel.example;;Enseignant;01/09/1984;;x
Ben Yahia;Samira;11/07/1987;F;samira.benyahia@courriel.example;;Logopède;01/09/2012;;x
"""

#: The first list of this school year.
MAIN_SEPTEMBER = """\
Lambert;Anne;14/03/1974;F;anne.lambert@courriel.example;direction@saint-aubert.example;Directrice;01/09/2003;;x
Delvaux;Philippe;02/11/1969;M;ph.delvaux@boite.example;;Enseignant;01/09/1995;;x
Gérard;Gaëlle;21/05/1983;F;gaelle.gerard@courriel.example;;Enseignante;01/09/2008;;x
El Amrani;Fatima;09/12/1979;F;f.elamrani@messagerie.example;;Éducatrice;01/09/2006;;x
Noël;Bénédicte;30/08/1966;F;b.noel@boite.example;;Secrétaire de direction;01/09/1990;;x
Ben Yahia;Samira;11/07/1987;F;samira.benyahia@courriel.example;;Logopède;01/09/2012;;x
Vandenbroeck;Élise;04/06/1991;F;elise.vdb@courriel.example;e.vandenbroeck@saint-aubert.example;Enseignante;01/09/2015;;x
D’Hondt;Noémie;19/02/1989;F;noemie.dhondt@boite.example;;Professeure de français;01/09/2013;;x
Nowak;Łukasz;25/10/1982;M;lukasz.nowak@courriel.example;;Enseignant;01/09/2010;;x
de Brouckère;Marie-Christine;08/04/1971;F;mc.debrouckere@messagerie.example;;Économe;01/09/1998;;x
Lemaire;Julie;12/09/1985;F;julie.lemaire@courriel.example;;Enseignante;01/09/2009;;x
Lemaire;Julie;03/03/1994;F;j.lemaire94@boite.example;;Éducatrice;01/09/2019;;x
Henrard;Paul;27/07/1965;M;famille.henrard@courriel.example;;Ouvrier;01/09/1992;;x
Collin;Monique;15/12/1967;F;famille.henrard@courriel.example;;Personnel administratif;01/09/1994;;x
Dupont;Jean-Marc;06/06/1976;M;jm.dupont@boite.example;;Directeur adjoint;01/09/2001;;x
Nguyễn;Thị Mai;22/01/1990;F;mai.nguyen@courriel.example;;Enseignante;01/09/2016;;x
Fernández García;Lucía;13/11/1986;F;lucia.fernandez@messagerie.example;;Enseignante;01/09/2014;;x
Petit;Olivier;01/02/1980;M;o.petit@boite.example;;Enseignant;01/09/2007;;x
Marchal;Zoë;18/08/1995;F;zoe.marchal@courriel.example;;Enseignante;01/09/2021;;x
Lejeune;Frédéric;09/09/1973;M;fred.lejeune@ancienne-boite.example;;Enseignant;01/09/1999;;x
Simon;Chloé;24/12/1992;F;chloe.simon@saint-aubret.example;;Enseignante;01/09/2018;;x
Claes;Wouter;05/05/1978;M;wouter.claes@courriel.example;;Enseignant;01/09/2005;;x
Renard;Stéphanie;16/10/1984;F;;;Puéricultrice;01/09/2011;;x
Bodart;Gérald;28/02/1963;M;;;Ouvrier;01/09/1988;;x
Poncelet;Aurélie;07/01/1988;F;aurelie.poncelet@boite.example;;Enseignante;01/09/2013;;x
Wéry;François;20/06/1970;M;f.wery@messagerie.example;;Enseignant;01/09/1996;;x
Tshibangu;Grâce;31/03/1993;F;grace.tshibangu@courriel.example;;Éducatrice;01/09/2020;;x
Maes;Ingrid;10/10/1981;F;ingrid.maes@boite.example;;Personnel administratif;01/09/2008;;x
Bastin;Kevin;23/04/1996;M;kevin.bastin@courriel.example;;Bénévole de la bibliothèque;01/09/2022;;x
Dubois;Marie;02/02/1988;F;marie.dubois@courriel.example;;Enseignante;01/09/2012;;x
Pirard;Thomas;13/03/1991;M;thomas.pirard@courriel.example;;Enseignant;01/09/2017;;x
"""

#: What the list that came some days ago says otherwise, by the beginning of the line.
MAIN_CHANGES = {
    # Left: exit date passed, presence unticked.
    "Petit;Olivier": "Petit;Olivier;01/02/1980;M;o.petit@boite.example;;Enseignant;01/09/2007;{left};\n",
    # Exit date passed, still present: an anomaly, for he works in another school now.
    "Claes;Wouter": "Claes;Wouter;05/05/1978;M;wouter.claes@courriel.example;;Enseignant;01/09/2005;{left};x\n",
    # Another address than the one that was signed for.
    "Poncelet;Aurélie": "Poncelet;Aurélie;07/01/1988;F;aurelie.poncelet@nouvelle-boite.example;;Enseignante;01/09/2013;;x\n",
    # Gone from the list without an exit date.
    "Pirard;Thomas": "",
}
#: And whom it adds. The second Marie Dubois may be the first: no birth date tells.
MAIN_NEW = """\
Dubois;Marie;;;m.dubois@messagerie.example;;Enseignante;{came};;x
Adam;Sébastien;14/07/1985;M;sebastien.adam@courriel.example;;Enseignant;{came};;x
Jacquemin;Hélène;09/05/1990;F;helene.jacquemin@boite.example;;Enseignante;{came};;x
Kaya;Emre;12/12/1994;M;emre.kaya@courriel.example;;Éducateur;{came};;x
Piette;Clémence;26/03/1997;F;clemence.piette@messagerie.example;;Enseignante;{came};;x
Warnier;Benoît;30/11/1972;M;benoit.warnier@boite.example;;Enseignant;{came};;x
Lambrecht;Inès;17/09/1998;F;ines.lambrecht@courriel.example;;Enseignante;{came};;x
"""


def main_now() -> str:
    """Return the main school's list of some days ago: September's with its changes."""
    lines = []
    for line in MAIN_SEPTEMBER.splitlines(keepends=True):
        name = ";".join(line.split(";")[:2])
        lines.append(MAIN_CHANGES.get(name, line))
    return "".join(lines) + MAIN_NEW


PRIMARY_NOW = """\
Mertens;Catherine;19/06/1972;F;catherine.mertens@courriel.example;direction@ecole-tilleuls.example;Directrice;01/09/2000;;x
Ben Yahia;Samira;11/07/1987;F;samira.benyahia@courriel.example;;Logopède;01/09/2018;;x
Leclercq;Maïté;05/01/1993;F;maite.leclercq@boite.example;;Institutrice maternelle;01/09/2017;;x
Hubert;Laurence;28/10/1979;F;l.hubert@courriel.example;;Institutrice primaire;01/09/2004;;x
Thiry;Nicolas;15/03/1986;M;nicolas.thiry@messagerie.example;;Instituteur primaire;01/09/2010;;x
Öztürk;Elif;22/08/1995;F;elif.ozturk@courriel.example;;Institutrice primaire;01/09/2020;;x
Evrard;Dominique;11/11/1968;F;;;Institutrice maternelle;01/09/1991;;x
Servais;Anaïs;07/07/1991;F;anais.servais@boite.example;;Puéricultrice;01/09/2016;;x
Mathieu;Loïc;30/04/1988;M;loic.mathieu@courriel.example;;Maître d’éducation physique;01/09/2012;;x
Denis;Véronique;16/02/1975;F;v.denis@messagerie.example;;Institutrice primaire;01/09/1999;;x
Goffin;Anne-Sophie;03/12/1983;F;as.goffin@courriel.example;;Personnel administratif;01/09/2009;;x
Lahaye;Rémi;21/09/1997;M;remi.lahaye@boite.example;;Instituteur primaire;{came};;x
"""

COLLEGE_NOW = """\
Charlier;Étienne;08/05/1970;M;etienne.charlier@courriel.example;direction@hautefagne.example;Directeur;01/09/1997;;x
Claes;Wouter;05/05/1978;M;wouter.claes@courriel.example;;Enseignant;{came};;x
Hanssen;Birgit;14/02/1984;F;birgit.hanssen@boite.example;;Enseignante;01/09/2010;;x
Schmitz;Jürgen;27/11/1976;M;j.schmitz@messagerie.example;;Enseignant;01/09/2002;;x
Dethier;Sabine;19/09/1981;F;sabine.dethier@courriel.example;;Économe;01/09/2007;;x
Lambert;Anne;02/10/1990;F;a.lambert90@boite.example;;Enseignante;01/09/2014;;x
Fontaine;Mathilde;25/06/1996;F;mathilde.fontaine@courriel.example;;Éducatrice;01/09/2021;;x
Kabongo;Trésor;12/01/1992;M;tresor.kabongo@messagerie.example;;Enseignant;01/09/2018;;x
Collard;Yves;06/08/1964;M;;;Ouvrier;01/09/1989;;x
Van den Eynde;Sofie;30/06/1989;F;sofie.vandeneynde@courriel.example;;Professeure d’anglais;01/09/2013;;x
Paquet;Arnaud;04/04/1979;M;arnaud.paquet@boite.example;;Éducateur;01/09/2006;;x
Radoux;Émilie;18/04/1987;F;emilie.radoux@boite.example;;Enseignante;01/09/2012;;x
"""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the people of a school ask, and the account of its director."""

    name: str
    email: str
    phone: str


CONTACTS = {
    MAIN: Contact("Anne Lambert", "direction@saint-aubert.example", "+32 81 00 01 01"),
    PRIMARY: Contact("Catherine Mertens", "direction@ecole-tilleuls.example", "+32 81 00 02 02"),
    COLLEGE: Contact("Étienne Charlier", "direction@hautefagne.example", "+32 80 00 03 03"),
}

# --- what became of whom, by address ------------------------------------------------------

#: Signed last week, and invited then.
SIGNED_LATE = (
    "sebastien.adam@courriel.example",
    "m.dubois@messagerie.example",
    "emre.kaya@courriel.example",
    "zoe.marchal@courriel.example",
)
#: Signed and invited today: to the first the server has not answered, the second mail waits.
UNCERTAIN = ("helene.jacquemin@boite.example",)
WAITING = ("clemence.piette@messagerie.example",)
#: Signed today and not invited yet.
TO_INVITE = ("benoit.warnier@boite.example", "f.wery@messagerie.example")
#: Whose forms did not come back with the first ones; of some of them, never.
NOT_SIGNED_AT_FIRST = (
    *SIGNED_LATE,
    *UNCERTAIN,
    *WAITING,
    *TO_INVITE,
    "grace.tshibangu@courriel.example",
    "mai.nguyen@courriel.example",
    "elif.ozturk@courriel.example",
)
WITHDRAWN = "ingrid.maes@boite.example"
BOUNCED = ("fred.lejeune@ancienne-boite.example", "chloe.simon@saint-aubret.example")
REFUSED = ("lucia.fernandez@messagerie.example",)
#: Invited in September and not activated; the first was invited again this week.
NEVER_USED = (
    "j.lemaire94@boite.example",
    "jm.dupont@boite.example",
    "ingrid.maes@boite.example",
    "aurelie.poncelet@boite.example",
)
INVITED_AGAIN = NEVER_USED[:1]
#: In the other schools, those who have activated already.
QUICK = (
    "catherine.mertens@courriel.example",
    "l.hubert@courriel.example",
    "nicolas.thiry@messagerie.example",
    "etienne.charlier@courriel.example",
    "sabine.dethier@courriel.example",
    "mathilde.fontaine@courriel.example",
)
#: Missions of this year: the one replaces the person's role, the other does not.
MISSIONS = {
    "gaelle.gerard@courriel.example": "access_manager",
    "lukasz.nowak@courriel.example": "digital_lead",
}

# --- families ---------------------------------------------------------------------------------

FAMILIES_HEADER = (
    "Nom élève;Prénom élève;Date de naissance;Classe;Matricule élève;"
    "Nom responsable 1;Prénom responsable 1;E-mail responsable 1;Lien responsable 1;"
    "Nom responsable 2;Prénom responsable 2;E-mail responsable 2;Lien responsable 2\n"
)

#: Of the main school: brother and sister, a teacher's child, a mailbox of two, one without any.
MAIN_FAMILIES = """\
Delcourt;Hugo;14/02/2011;4G;A101;Delcourt;Amélie;amelie.delcourt@courriel.example;mère;Roland;Thibault;thibault.roland@boite.example;père
Vermeulen;Nora;03/09/2012;3TQ;A102;Vermeulen;Koen;koen.vermeulen@messagerie.example;père;Diallo;Aminata;a.diallo@courriel.example;mère
Vermeulen;Sacha;21/06/2014;1C;A103;Vermeulen;Koen;koen.vermeulen@messagerie.example;père;Diallo;Aminata;a.diallo@courriel.example;mère
Gérard;Éloïse;30/11/2013;2S;A104;Gérard;Gaëlle;gaelle.gerard@courriel.example;mère;;;;
Nguyen;Minh;08/01/2012;3TQ;A105;Nguyen;Thi Lan;famille.nguyen@boite.example;mère;Nguyen;Van An;famille.nguyen@boite.example;père
Okoye;Chidi;17/05/2013;2S;A106;Okoye;Ngozi;;mère;;;;
Piron;Manon;25/07/2010;5G;A107;Piron;Luc;luc.piron@ancienne-boite.example;père;;;;
Sahin;Deniz;12/12/2014;1C;A108;Sahin;Elif;elif.sahin@courriel.example;mère;;;;
"""
PRIMARY_FAMILIES = """\
Delcourt;Jade;19/03/2018;P2;B201;Delcourt;Amélie;amelie.delcourt@courriel.example;mère;Roland;Thibault;thibault.roland@boite.example;père
Lambotte;Arthur;02/10/2016;P4;B202;Lambotte;Céline;celine.lambotte@messagerie.example;mère;;;;
Bakkali;Inaya;28/04/2019;P1;B203;Bakkali;Youssef;y.bakkali@boite.example;père;Bakkali;Salma;salma.bakkali@courriel.example;mère
Wauters;Emiel;15/08/2017;P3;B204;Wauters;Griet;griet.wauters@courriel.example;tutrice;;;;
"""
#: Guardians who have used their token; the first has children in two schools.
PARENT = "amelie.delcourt@courriel.example"
SIGNED_IN = (PARENT, "koen.vermeulen@messagerie.example")
BOUNCED_FAMILY = "luc.piron@ancienne-boite.example"

# --- school holidays --------------------------------------------------------------------------

HOLIDAYS_HEADER = "Congé;Du;Au\n"
#: Of each school year: name, the month and day from which on the first Monday begins them, weeks.
_HOLIDAYS = (
    ("Vacances d’automne (Toussaint)", 10, 17, 2),
    ("Vacances d’hiver (Noël)", 12, 19, 2),
    ("Congé de détente (Carnaval)", 2, 19, 2),
    ("Vacances de printemps", 4, 25, 2),
)
_NEW_YEAR_TO_SUMMER = 8


def holidays(years: range) -> str:
    """Return a list of the holidays of the school years that begin in these years."""
    lines = []
    for year in years:
        for name, month, day, weeks in _HOLIDAYS:
            earliest = date(year + (month < _NEW_YEAR_TO_SUMMER), month, day)
            first = earliest + timedelta(days=-earliest.weekday() % 7)
            last = first + timedelta(days=7 * weeks - 1)
            lines.append(f"{name};{first:%d/%m/%Y};{last:%d/%m/%Y}\n")
    return HOLIDAYS_HEADER + "".join(lines)
