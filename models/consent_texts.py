"""What a person agrees to on a consent form: every version ever printed, word for word.

A consent recorded in the past stays a consent to the words of its own version. So a
version that has been printed is never edited, not even for a comma: a better text is a
new version, added at the end. `digest` is pinned by a test.

The content is what Article 13 of the General Data Protection Regulation (EU) 2016/679
asks to tell, in plain words: who is responsible, what for and on what ground, who receives
it, how long, the rights, the complaint, and that nothing follows from a refusal.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import date

from models.language import DEFAULT_LANGUAGE, dumps


@dataclass(frozen=True)
class Paragraph:
    heading: str
    body: str


@dataclass(frozen=True)
class ConsentWords:
    """One version in one language.

    `statement` is what the signature stands under. The bodies of `information` have the
    places `%(responsible)s` (the governing body or, where unknown, the school) and
    `%(contact)s`, for which `nobody_named` stands where a school has named no contact.
    """

    title: str
    statement: str
    information: tuple[Paragraph, ...]
    nobody_named: str

    def paragraphs(self, responsible: str, contact: str) -> list[Paragraph]:
        """Return the information with its places filled in."""
        places = {"responsible": responsible, "contact": contact or self.nobody_named}
        return [Paragraph(each.heading, each.body % places) for each in self.information]


@dataclass(frozen=True)
class ConsentText:
    """One version of the text, in force for forms printed from `since` on."""

    version: int
    since: date
    words: Mapping[str, ConsentWords]

    def in_language(self, language: str) -> ConsentWords:
        """Return the words in a language, or in French where there are none in it."""
        return self.words.get(language) or self.words[DEFAULT_LANGUAGE]

    def digest(self) -> str:
        """Return the SHA-256, in hexadecimal, of the version with its date and all its words."""
        words = {language: astuple(words) for language, words in sorted(self.words.items())}
        content = dumps([self.version, self.since.isoformat(), words])
        return hashlib.sha256(content.encode()).hexdigest()


_FIRST_IN_FRENCH = ConsentWords(
    title="Autorisation d’utiliser mon adresse e-mail",
    statement=(
        "Je déclare que l’adresse e-mail indiquée ci-dessus est la mienne. J’autorise mon "
        "école à la transmettre aux services en ligne qu’elle utilise avec son personnel, "
        "afin qu’un compte y soit créé à mon nom."
    ),
    information=(
        Paragraph(
            "À quoi sert mon adresse ?",
            "À ouvrir votre compte, à vous envoyer l’invitation pour l’activer et à vous "
            "reconnaître quand vous vous connectez. À rien d’autre : ni publicité, ni "
            "transmission à des tiers étrangers à ces services.",
        ),
        Paragraph(
            "Que transmet l’école ?",
            "Votre nom, votre prénom, votre fonction, votre école et cette adresse. Votre "
            "numéro de registre national n’est ni demandé, ni transmis.",
        ),
        Paragraph(
            "Et si je ne signe pas ?",
            "Vous êtes libre de refuser. Aucun compte ne sera alors ouvert avec votre adresse ; "
            "il n’y a pas d’autre conséquence, ni pour votre emploi, ni pour votre traitement.",
        ),
        Paragraph(
            "Puis-je changer d’avis ?",
            "Oui, à tout moment et sans donner de raison : il suffit de le dire ou de l’écrire "
            "à %(contact)s. Dès lors, votre adresse n’est plus utilisée ni transmise. Ce qui a "
            "été fait avant reste valable.",
        ),
        Paragraph(
            "Combien de temps ?",
            "Tant que vous travaillez dans l’école. À votre départ, votre accès prend fin. "
            "Cette feuille est gardée comme preuve de votre accord, le temps où l’école peut "
            "avoir à la montrer.",
        ),
        Paragraph(
            "Qui est responsable ? Quels sont mes droits ?",
            "Responsable du traitement : %(responsible)s. La base légale est votre "
            "consentement (RGPD, article 6, 1, a). Vous pouvez voir vos données, les faire "
            "corriger ou effacer, en limiter l’usage ou en recevoir une copie, auprès de "
            "%(contact)s. Vous pouvez aussi porter plainte auprès de l’Autorité de protection "
            "des données, rue de la Presse 35, 1000 Bruxelles "
            "(autoriteprotectiondonnees.be).",
        ),
    ),
    nobody_named="la direction de l’école",
)

_FIRST_IN_ENGLISH = ConsentWords(
    title="Permission to use my e-mail address",
    statement=(
        "I declare that the e-mail address given above is mine. I allow my school to pass it "
        "on to the online services that it uses with its staff, so that an account is created "
        "there in my name."
    ),
    information=(
        Paragraph(
            "What is my address used for?",
            "To open your account, to send you the invitation to activate it, and to recognise "
            "you when you sign in. For nothing else: no advertising, and no passing on to "
            "anyone outside these services.",
        ),
        Paragraph(
            "What does the school pass on?",
            "Your surname, first name, function, school and this address. Your national "
            "register number is neither asked for nor passed on.",
        ),
        Paragraph(
            "What if I don’t sign?",
            "You are free to refuse. No account will then be opened with your address; there "
            "is no other consequence, neither for your employment nor for your salary.",
        ),
        Paragraph(
            "Can I change my mind?",
            "Yes, at any time and without giving a reason: just tell or write to %(contact)s. "
            "From then on your address is no longer used or passed on. What was done before "
            "remains valid.",
        ),
        Paragraph(
            "For how long?",
            "As long as you work in the school. When you leave, your access ends. This sheet "
            "is kept as proof of your agreement, for the time the school may have to show it.",
        ),
        Paragraph(
            "Who is responsible? What are my rights?",
            "Data controller: %(responsible)s. The legal ground is your consent (GDPR, "
            "Article 6(1)(a)). You may see your data, have them corrected or erased, restrict "
            "their use or receive a copy, by asking %(contact)s. You may also complain to the "
            "Belgian Data Protection Authority, rue de la Presse 35, 1000 Brussels "
            "(dataprotectionauthority.be).",
        ),
    ),
    nobody_named="the school’s head",
)

CONSENT_TEXTS: tuple[ConsentText, ...] = (
    ConsentText(1, date(2026, 1, 1), {"fr": _FIRST_IN_FRENCH, "en": _FIRST_IN_ENGLISH}),
)


def consent_text(version: int) -> ConsentText:
    """Return a version of the text; LookupError if there never was such a version."""
    for text in CONSENT_TEXTS:
        if text.version == version:
            return text
    raise LookupError(f"there is no version {version} of the consent text")


def current_version(today: date) -> int:
    """Return the version for forms printed today: the last one in force, or else the first."""
    in_force = [text.version for text in CONSENT_TEXTS if text.since <= today]
    return in_force[-1] if in_force else CONSENT_TEXTS[0].version
