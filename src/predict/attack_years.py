"""The year in which each kind of attack was first published, so that a detector's age is known.

An attack is named by its system and its vocoder together, in no agreed way: its name is searched
for the names of the table, and it is as new as the newest of them.
"""

import re
from collections.abc import Iterable, Mapping

# The year of the paper or, where there is none, of the release.
YEARS = {
    # Vocoders and copy synthesis
    "griffinlim": 1984,  # Griffin & Lim, IEEE TASSP 32(2)
    "world": 2016,  # Morise, Yokomori & Ozawa, IEICE E99-D(7)
    "wavenet": 2016,  # van den Oord et al., arXiv:1609.03499
    "wavernn": 2018,  # Kalchbrenner et al., arXiv:1802.08435
    "waveglow": 2018,  # Prenger et al., arXiv:1811.00002
    "nsf": 2018,  # Wang, Takaki & Yamagishi, arXiv:1810.11946
    "melgan": 2019,  # Kumar et al., arXiv:1910.06711
    "wavegan": 2019,  # Parallel WaveGAN: Yamamoto et al., arXiv:1910.11480
    "pwgan": 2019,
    "mbmelgan": 2020,  # multi-band MelGAN: Yang et al., arXiv:2005.05106
    "multibandmelgan": 2020,
    "fbmelgan": 2020,
    "fullbandmelgan": 2020,
    "vocgan": 2020,  # Yang et al., arXiv:2007.15256
    "wavegrad": 2020,  # Chen et al., arXiv:2009.00713
    "hifigan": 2020,  # Kong et al., arXiv:2010.05646
    "stylemelgan": 2020,  # Mustafa et al., arXiv:2011.01557
    "univnet": 2021,  # Jang et al., arXiv:2106.07889
    "wavegrad2": 2021,  # Chen et al., arXiv:2106.09660
    "phaseaug": 2022,  # Lee et al., arXiv:2211.04610
    # Neural codecs
    "soundstream": 2021,  # Zeghidour et al., arXiv:2107.03312
    "encodec": 2022,  # Défossez et al., arXiv:2210.13438
    "audiodec": 2023,  # Wu et al., arXiv:2305.16608
    "dac": 2023,  # Kumar et al., arXiv:2306.06546
    "funcodec": 2023,  # Du et al., arXiv:2309.07405
    "snac": 2024,  # Siuzdak et al., arXiv:2410.14411
    # Text to speech without neural networks, or from before they were end to end
    "festival": 1997,  # Black & Taylor, the first release
    "marytts": 2001,  # Schröder & Trouvain, SSW4
    "flite": 2001,  # Black & Lenzo, SSW4
    "hts": 2002,  # Tokuda, Zen & Black, IEEE Workshop on Speech Synthesis
    "nanotts": 2009,  # SVOX Pico, released with Android 1.6
    "merlin": 2016,  # Wu, Watts & King, SSW9
    # Neural text to speech
    "tacotron": 2017,  # Wang et al., arXiv:1703.10135
    "deepvoice3": 2017,  # Ping et al., arXiv:1710.07654
    "dctts": 2017,  # Tachibana, Uenoyama & Aihara, arXiv:1710.08969
    "tacotron2": 2017,  # Shen et al., arXiv:1712.05884
    "gst": 2018,  # Wang et al., arXiv:1803.09017
    "transformertts": 2018,  # Li et al., arXiv:1809.08895
    "cube": 2018,  # Boros, Dumitrescu & Burtica, Blizzard Challenge 2018
    "fastspeech": 2019,  # Ren et al., arXiv:1905.09263
    "forwardtacotron": 2020,  # Schäfer, the first release
    "glowtts": 2020,  # Kim et al., arXiv:2005.11129
    "fastspeech2": 2020,  # Ren et al., arXiv:2006.04558
    "fastpitch": 2020,  # Łańcucki, arXiv:2006.06873
    "coqui": 2021,  # the first release under this name
    "larynx": 2021,  # Hansen, the first release
    "bvae": 2021,  # Lee, Shin & Jung, ICLR 2021
    "silero": 2021,  # the first release of its voices
    "comptrans": 2021,  # Lee, the first release
    "gradtts": 2021,  # Popov et al., arXiv:2105.06337
    "diffgan": 2022,  # Liu, Su & Yu, arXiv:2201.11972
    "stylespeech": 2021,  # Min et al., arXiv:2106.03153
    "vits": 2021,  # Kim, Kong & Son, arXiv:2106.06103
    "neuralhmm": 2021,  # Mehta et al., arXiv:2108.13320
    "portaspeech": 2021,  # Ren, Liu & Zhao, arXiv:2109.15166
    "yourtts": 2021,  # Casanova et al., arXiv:2112.02418
    "mimic3": 2022,  # Mycroft AI, the first release
    "overflow": 2022,  # Mehta et al., arXiv:2211.06892
    "piper": 2023,  # Rhasspy, the first release
    "tortoise": 2022,  # Betker, the first release
    "mqtts": 2023,  # Chen, Watanabe & Rudnicky, arXiv:2302.04215
    "valle": 2023,  # Wang et al., arXiv:2301.02111
    "bark": 2023,  # Suno, the first release
    "mms": 2023,  # Pratap et al., arXiv:2305.13516
    "vits2": 2023,  # Kong et al., arXiv:2307.16430
    "matcha": 2023,  # Mehta et al., arXiv:2309.03199
    "hierspeech++": 2023,  # Lee et al., arXiv:2311.12454
    "xtts": 2023,  # Coqui, the first release; Casanova et al., arXiv:2406.04904
    "pheme": 2024,  # Budzianowski et al., arXiv:2401.02839
    "melotts": 2024,  # Zhao et al., the first release
    "kokoro": 2024,  # Hexgrad, v0.19 in December 2024
    "kitten": 2025,  # KittenML, the first release
    "supertonic": 2025,  # Supertone, arXiv:2503.23108
    # Conversion of voices
    "cyclegan": 2017,  # Kaneko & Kameoka, arXiv:1711.11293
    "cycleganvc2": 2019,  # Kaneko et al., arXiv:1904.04631
    "autopst": 2021,  # Qian et al., arXiv:2106.08519
    "maskcyclegan": 2021,  # Kaneko et al., arXiv:2102.12841
    "srdvc": 2022,  # Yang et al., arXiv:2208.08757
    "dissc": 2022,  # Maimon & Adi, arXiv:2212.09730
    "uuvc": 2023,  # Chen & Rudnicky, ICASSP 2023
    "quickvc": 2023,  # Guo et al., arXiv:2302.08296
    "urhythmic": 2023,  # van Niekerk, Carbonneau & Kamper, arXiv:2307.06040
    # From speech to speech of another language
    "translatotron": 2019,  # Jia et al., arXiv:1904.06037
    "s2ut": 2021,  # Lee et al., arXiv:2107.05604
    "seamless": 2023,  # Seamless Communication, arXiv:2312.05187
    # The attacks of the ASVspoof challenges, by the year of their corpus
    **dict.fromkeys((f"a{number:02}" for number in range(1, 20)), 2019),
    **dict.fromkeys((f"a{number:02}" for number in range(20, 33)), 2024),
}

_LENGTHS = (1, 2, 3)
_YEAR = re.compile(r"(?:19|20)\d\d")


def year_of(attack: str) -> int | None:
    """Return the year in which an attack was published, None where the table does not know it.

    Parameters
    ----------
    attack : str
        As a column of a files table has it.

    Examples
    --------
    >>> year_of("tacotron2-postnet-hifigan")
    2020
    >>> year_of("unheard-of")
    """
    words = [word for word in re.split(r"[-_ ./]+", attack.lower()) if word]
    # Also names that are written in several words: `multi_band_melgan`, `Neural-HMM`.
    names = ("".join(words[at : at + n]) for n in _LENGTHS for at in range(len(words)))
    known = [YEARS[name] for name in names if name in YEARS]
    known += [int(word) for word in words if _YEAR.fullmatch(word)]
    return max(known, default=None)


def newest_attack(
    attacks: Iterable[str], years: Mapping[str, int] | None = None
) -> tuple[str, int] | None:
    """Return the newest of some attacks and its year, None where the year of none is known.

    Parameters
    ----------
    attacks : iterable of str
        Their names.
    years : mapping, optional
        The years that a corpus itself tells, by name; they go before the table's.

    Examples
    --------
    >>> newest_attack(["vits-lj", "kokoro-v1.0", "flite"])
    ('kokoro-v1.0', 2024)
    """
    told = {name: (years or {}).get(name) or year_of(name) for name in set(attacks)}
    known = [(year, name) for name, year in told.items() if year is not None]
    if not known:
        return None
    newest = max(year for year, _ in known)
    return min(name for year, name in known if year == newest), newest
