"""What is spoken by text to speech: sentences of our own, or from a file."""

from dataclasses import dataclass
from pathlib import Path

from src.utils.errors import ArgumentError, StorageError

_MOST_BYTES = 16 << 20
_LONGEST = 1000
"""Characters of a sentence."""


@dataclass(frozen=True)
class Sentence:
    """A sentence that can be spoken.

    Attributes
    ----------
    text : str
        Its words.
    language : str
        Two letters of ISO 639-1, or three of ISO 639-3; empty where unknown.
    """

    text: str
    language: str = ""


_OURS = {
    "en": (
        "The ferry leaves at seven, and the harbour is already busy.",
        "She asked for a window seat and a cup of black tea.",
        "We repaired the old clock, but it still runs four minutes late.",
        "Please read the second paragraph again, a little slower this time.",
        "A narrow path leads from the village to the lake.",
        "Nobody had expected snow in the middle of April.",
        "My brother keeps eleven chickens behind the garage.",
        "The meeting was moved to Thursday because the room is being painted.",
    ),
    "de": (
        "Der Zug nach Leipzig fährt heute von einem anderen Gleis.",
        "Im Garten blühen die ersten Tulpen, und es riecht nach Regen.",
        "Können Sie mir bitte sagen, wo die Bücherei ist?",
        "Gestern haben wir acht Stunden lang Möbel getragen.",
        "Zum Frühstück gibt es Brot, Käse und einen gekochten Apfel.",
    ),
    "es": (
        "El barco sale a las siete y el puerto ya está lleno.",
        "Mi hermana trabaja en una panadería cerca de la plaza.",
        "Ayer llovió tanto que cerraron el camino del valle.",
        "Por favor, lea el segundo párrafo un poco más despacio.",
        "Compramos diez naranjas, un melón y una bolsa de arroz.",
    ),
    "fr": (
        "Le bateau part à sept heures et le port est déjà plein.",
        "Ma voisine élève des abeilles derrière la vieille grange.",
        "Hier, la pluie a duré toute la journée sans s'arrêter.",
        "Pourriez-vous relire le deuxième paragraphe plus lentement ?",
        "Nous avons acheté dix oranges, un melon et du riz.",
    ),
    "it": (
        "Il traghetto parte alle sette e il porto è già affollato.",
        "Mia cugina lavora in una libreria vicino alla stazione.",
        "Ieri ha piovuto così tanto che hanno chiuso la strada.",
        "Per favore, rilegga il secondo paragrafo più lentamente.",
        "Abbiamo comprato dieci arance, un melone e un sacco di riso.",
    ),
    "pt": (
        "A balsa sai às sete horas e o porto já está cheio.",
        "Minha irmã trabalha em uma padaria perto da praça.",
        "Ontem choveu tanto que fecharam a estrada do vale.",
        "Por favor, leia o segundo parágrafo um pouco mais devagar.",
        "Compramos dez laranjas, um melão e um saco de arroz.",
    ),
}

OWN = tuple(Sentence(text, language) for language, texts in _OURS.items() for text in texts)
"""Written for this purpose, in several languages."""


def read_sentences(path: Path) -> tuple[Sentence, ...]:
    """Read sentences from a text file, one a line.

    Parameters
    ----------
    path : pathlib.Path
        UTF-8; a line is a sentence, or a language, a tab and a sentence. Empty lines count not.

    Raises
    ------
    ArgumentError
        When it is absent, too large, not UTF-8, or holds no sentence or one that is too long.
    StorageError
        When it cannot be read.
    """
    if not path.is_file():
        raise ArgumentError(f"--sentences={path} is no file")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ArgumentError(f"--sentences={path} is larger than {_MOST_BYTES >> 20} MB")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ArgumentError(f"--sentences={path} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        language, tab, words = line.partition("\t")
        words, language = (words, language) if tab else (language, "")
        words = " ".join(words.split())
        if not words:
            continue
        if len(words) > _LONGEST or "\0" in words or not any(map(str.isalpha, words)):
            raise ArgumentError(
                f"--sentences={path}: line {number} is no sentence of at most {_LONGEST} characters"
            )
        found.append(Sentence(words, language.strip().lower()))
    if not found:
        raise ArgumentError(f"--sentences={path} holds no sentence; it takes one a line")
    return tuple(found)
