"""Made-up people with names as they are in French-speaking Belgium, the same in every run.

Half of the people share a few hundred surnames; the others have one of some ten thousand, put
together as names of the country are.
"""

from collections.abc import Iterator
from random import Random


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


_FREQUENT = _listed(
    "Peeters,Janssens,Maes,Jacobs,Mertens,Willems,Claes,Goossens,Wouters,De Smet,Dubois,Lambert,"
    "Dupont,Martin,Simon,Leclercq,Laurent,Lejeune,Renard,Denis,Gérard,Leroy,Hubert,Charlier,"
    "Evrard,Collard,Henry,Thiry,Michel,Pauwels,Hermans,Aerts,Michiels,Vermeulen,Desmet,Segers,"
    "Petit,François,Léonard,Rousseau,Noël,Lemaire,Delvaux,Wauters,Cornelis,Bertrand,Fontaine,"
    "Masson,Collin,Poncelet,Adam,Lefebvre,Dumont,Jacquemin,Gilles,Lecomte,Bastin,Piette,Warnier,"
    "Lambrecht,D’Hondt,Nowak,de Brouckère,Henrard,Nguyễn,Fernández,Marchal,Bodart,Wéry,"
    "Tshibangu,Pirard,Mathieu,Goffin,Lahaye,Hanssen,Schmitz,Dethier,Kabongo,Van den Eynde,Paquet,"
    "Radoux,Servais,Öztürk,Leclerc,Mertens,Ben Yahia,El Amrani,Diallo,Bakkali,Rossi,Russo,Yılmaz,"
    "Kaya,Van Damme,Vandamme,De Backer,De Clercq,De Wolf,Dewolf,Smets,Smet,Smeets,Deprez,Dupuis,"
    "Dufour,Durand,Moreau,Mercier,Legrand,Lebrun,Leblanc,Baudouin,Baudoin,Bodson,Delhaye,"
    "Delahaye,Delcourt,Delfosse,Detry,Devos,De Vos,Dujardin,Etienne,Fievet,Gillet,Gilson,Godart,"
    "Grégoire,Guillaume,Hardy,Hendrickx,Huart,Jacques,Jadot,Joris,Lacroix,Lallemand,Libert,Louis,"
    "Mahieu,Maréchal,Mathy,Meunier,Monfort,Nicolas,Parmentier,Philippe,Pierard,Pierre,Pirotte,"
    "Remacle,Remy,Robert,Rigaux,Roland,Sacré,Schoonbroodt,Stassen,Thomas,Tilkin,Toussaint,"
    "Urbain,Vanderlinden,Vandenbroeck,Van den Broeck,Verhaegen,Verstraete,Vincent,Wathelet,"
    "Watelet,Wilmet,Wilmots,Xhonneux,Yans,Zimmer"
)
_FLEMISH = _listed("Van,Van de,Van den,Van der,De,Vander,Vanden,Ver")
_STEMS = _listed(
    "berg,velde,broeck,meer,bosch,linden,straeten,heyden,steen,putte,poel,driessche,walle,eycken,"
    "kerkhove,haegen,camp,moortel,borre,cauter,weyer,voorde,hove,elst,aa,plas,schueren,gucht,"
    "stichelen,bulcke,abeele,venne,sype,eynden,auwera,perre,meulen,beken,hulst,wiele"
)
_WALLOON = _listed(
    "Bau,Bel,Ber,Bou,Bra,Cam,Char,Col,Cou,Dar,Del,Des,Dou,Du,Eu,Far,Fau,Fon,Gau,Ger,Gou,Gré,Hau,"
    "Hen,Jac,Jo,Lam,Lan,Le,Lou,Mal,Mar,Mau,Mé,Mon,Nau,Par,Pé,Pi,Pon,Que,Ra,Re,Ri,Ro,Sau,Sé,Ter,"
    "Thi,Tou,Va,Vi,Wau,Wil"
)
_MIDDLES = _listed(
    "bau,ber,champ,court,da,de,fay,ga,hi,jar,lan,le,li,lo,ma,mon,nar,no,ra,ri,ro,ta,thi,vi"
)
_ENDINGS = _listed(
    "bert,blet,bois,chet,court,deau,din,don,fert,gnon,lard,let,lier,lin,lon,mont,nard,neau,nier,"
    "not,pin,quet,rard,rel,rin,ron,sart,seau,sin,son,tier,tin,tois,ville,vin,x"
)
_FIRST_NAMES = _listed(
    "Marie,Jean,Anne,Philippe,Nathalie,Isabelle,Catherine,Christine,Michel,Marc,Pierre,Luc,"
    "Françoise,Martine,Dominique,Sophie,Nicolas,Julie,Thomas,David,Laurent,Olivier,Caroline,"
    "Stéphanie,Sarah,Véronique,Valérie,Bernard,Patrick,Christian,Daniel,Alain,Éric,Thierry,"
    "Benoît,Vincent,François,Frédéric,Sébastien,Jérôme,Christophe,Didier,Pascal,Bruno,Xavier,"
    "Quentin,Maxime,Simon,Antoine,Julien,Kevin,Jonathan,Mathieu,Matthieu,Guillaume,Arnaud,Cédric,"
    "Gaëtan,Loïc,Hugo,Louis,Arthur,Lucas,Noah,Émilie,Aurélie,Céline,Virginie,Laurence,Delphine,"
    "Élodie,Charlotte,Pauline,Justine,Laura,Manon,Camille,Mathilde,Clémence,Zoé,Léa,Chloé,Inès,"
    "Anaïs,Maïté,Noémie,Joëlle,Gaëlle,Maëlle,Bénédicte,Geneviève,Monique,Jacqueline,Yvette,"
    "Fatima,Yasmina,Samira,Karim,Rachid,Mehdi,Youssef,Mohamed,Ahmed,Amélie,Sylvie,Brigitte,"
    "Jean-Marc,Jean-Pierre,Jean-Luc,Jean-François,Marie-Christine,Marie-Claire,Anne-Sophie,"
    "Anne-Marie,Marie-Paule,Pierre-Yves,Jean-Philippe,Anne-Catherine,Paul,André,Jacques,Yves,Guy,"
    "Étienne,Grégory,Geoffrey,Wouter,Ingrid,Griet,Koen,Els,Łukasz,Giuseppe,Antonio,Emre,Elif,"
    "Trésor,Grâce,Thị Mai,Philippine,Filip,Katrien,Caroline-Anne,Ysaline,Cyrille,Gwenaëlle"
)
_SECOND = ("", "", "", "", "", "", "", " Marie", " Louise", " Joseph")


def people(size: int) -> Iterator[tuple[str, str]]:
    """Yield (surname, first name) of so many people."""
    choices = Random(20261107)
    weights = [1 / (rank + 4) for rank in range(len(_FREQUENT))]
    first_weights = [1 / (rank + 12) for rank in range(len(_FIRST_NAMES))]
    frequent = choices.choices(_FREQUENT, weights, k=size)
    firsts = choices.choices(_FIRST_NAMES, first_weights, k=size)
    for one in range(size):
        surname = frequent[one] if choices.random() < 0.5 else _rare(choices)
        yield surname, firsts[one] + choices.choice(_SECOND)


def _rare(choices: Random) -> str:
    kind = choices.random()
    if kind < 0.3:
        stem = choices.choice(_STEMS)
        particle = choices.choice(_FLEMISH)
        joined = particle in ("Vander", "Vanden", "Ver")
        name = f"{particle}{stem}" if joined else f"{particle} {stem.capitalize()}"
        return f"{name}{choices.choice(('', '', 's', 'e'))}"
    name = choices.choice(_WALLOON)
    if choices.random() < 0.6:
        name += choices.choice(_MIDDLES)
    name += choices.choice(_ENDINGS)
    if kind > 0.93:
        name += f"-{choices.choice(_FREQUENT)}"
    return name
