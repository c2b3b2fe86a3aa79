"""What is known of the public corpora: their archives, hosts, licences and checksums.

Everything here is published by the corpus' makers or hosts; what is not known is empty. The pages
and sizes are told in `DatasetPreparation.md`.
"""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    """An archive as its host offers it.

    Attributes
    ----------
    name : str
        Its file name, `*` standing for a version; of an archive cut in pieces the part before
        `aa`, `ab`, ...
    md5 : str
        As published, or empty.
    """

    name: str
    md5: str = ""


@dataclass(frozen=True)
class Corpus:
    """A public corpus.

    Attributes
    ----------
    name : str
        What `--corpus` takes; also its layout's name.
    title : str
        Its name, for messages.
    page : str
        Where its archives are to be had.
    archives : tuple of Published
        Those that make it up. Some may be absent: people often fetch a part only.
    contents : str
        A regular expression that at least one path in each of its archives fits.
    licence : str
        As its makers state it; empty where they do not.
    repositories : dict of str to str
        URL by name of the git repositories that it is fetched from.
    are_versions : bool
        Whether each archive holds the same clips, so that one is enough.
    """

    name: str
    title: str
    page: str
    archives: tuple[Published, ...]
    contents: str
    licence: str = ""
    repositories: dict[str, str] = field(default_factory=dict)
    are_versions: bool = False

    def published(self, name: str) -> Published | None:
        """Return what is known of the archive called `name`.

        Parameters
        ----------
        name : str
            Its file name, see `Published`.
        """
        return next((known for known in self.archives if known.name == name), None)

    def holds(self, path: str) -> bool:
        """Say whether a path in an archive is one of this corpus.

        Parameters
        ----------
        path : str
            In an archive, with slashes.
        """
        return re.search(self.contents, path) is not None


_ASVSPOOF5_MD5 = {
    # README.txt of the release, section 2.
    "ASVspoof5_protocols.tar.gz": "865d0e894ea9f686f0f37e5ae3ae3616",
    "flac_T_aa.tar": "b0cc86b14826a7701b52aad4f53daf9c",
    "flac_T_ab.tar": "d05be3f4be7a343fdbdd0ed29fdff2e1",
    "flac_T_ac.tar": "70d1ba4ad75a20aef3dae541fbd321e3",
    "flac_T_ad.tar": "c9bb56af2cc410d98338d74babcb95c9",
    "flac_T_ae.tar": "a3969816982f3e52300d6147ad796df7",
    "flac_D_aa.tar": "df0be44957623991028cce59792beb17",
    "flac_D_ab.tar": "1e8cd685d89b64502692f1bcf1a13db3",
    "flac_D_ac.tar": "5e0031f08c30e4bdbf0c59f91b2d662b",
    "flac_E_aa.tar": "a8c800766f3d4ef87971e2b4f29663e2",
    "flac_E_ab.tar": "c35064188f54f07c87aba58de22534a0",
    "flac_E_ac.tar": "ed7cbcd1b2847998b72472ddf6b445e3",
    "flac_E_ad.tar": "626a080e994b05df49c577d7b3dede8d",
    "flac_E_ae.tar": "05f19a5e64fa556714ae1b38eb2ea70b",
    "flac_E_af.tar": "2ca2f52a3bbf827f7ec155ecb47e85d6",
    "flac_E_ag.tar": "671200b5de2fc1e74a563b07b057af8f",
    "flac_E_ah.tar": "eaf885b1299a61eb07f71e82e96dba37",
    "flac_E_ai.tar": "b2625683bf440abae2af901a45542ad9",
    "flac_E_aj.tar": "c50281c8233af6f3b0899604d21ade44",
}

_ALL = (
    Corpus(
        name="cetuc",
        title="CETUC and fake_voices",
        page="https://gitlab.com/fb-audio-corpora and "
        "https://huggingface.co/datasets/unfake/fake_voices",
        archives=(),
        contents=r"[FfMm][ _.-]?\d{3}(?!\d)[^/]*/",
        licence="CETUC: for research only; fake_voices: MIT",
        repositories={
            **{
                f"alcaim16k-DVD{number}de4": "https://gitlab.com/fb-audio-corpora/"
                f"alcaim16k-DVD{number}de4.git"
                for number in range(1, 5)
            },
            "fake_voices": "https://huggingface.co/datasets/unfake/fake_voices",
        },
    ),
    Corpus(
        name="asvspoof2019",
        title="ASVspoof 2019",
        page="https://datashare.ed.ac.uk/handle/10283/3336",
        archives=(Published("LA.zip"),),
        contents=r"(^|/)ASVspoof2019[._](LA|PA)[._]",
        licence="ODC-By",
    ),
    Corpus(
        name="asvspoof2021",
        title="ASVspoof 2021",
        page="https://zenodo.org/records/4837263 (LA), https://zenodo.org/records/4835108 (DF) "
        "and the keys from https://www.asvspoof.org/index2021.html",
        archives=(
            # The MD5 sums of the audio are Zenodo's; those of the keys are in the organisers'
            # evaluation package. The LA keys were published anew since theirs was.
            Published("ASVspoof2021_LA_eval.tar.gz", "2abee34d8b0b91159555fc4f016e4562"),
            Published("LA-keys-full.tar.gz"),
            Published("ASVspoof2021_DF_eval_part00.tar.gz", "4f2cbae07cf3ede2a1dde3b8d2ee55ea"),
            Published("ASVspoof2021_DF_eval_part01.tar.gz", "1578c89ab433c2b60b1dce93bdf8fbec"),
            Published("ASVspoof2021_DF_eval_part02.tar.gz", "5497a35f0126e94a1d7a7d26db57b4f7"),
            Published("ASVspoof2021_DF_eval_part03.tar.gz"),
            Published("DF-keys-full.tar.gz", "dabbc5628de4fcef53036c99ac7ab93a"),
        ),
        contents=r"(^|/)(ASVspoof2021[._](LA|PA|DF)[._]|keys/(LA|PA|DF)/)",
        licence="ODC-By",
    ),
    Corpus(
        name="asvspoof5",
        title="ASVspoof 5",
        page="https://zenodo.org/records/14498691",
        archives=tuple(Published(name, md5) for name, md5 in _ASVSPOOF5_MD5.items()),
        contents=r"(^|/)(flac_T/|flac_D/|flac_E_eval/|ASVspoof5\.)",
        licence="ODC-By, its bona-fide recordings CC BY 4.0",
    ),
    Corpus(
        name="in-the-wild",
        title="In-the-Wild",
        page="https://huggingface.co/datasets/mueller91/In-The-Wild",
        archives=(Published("release_in_the_wild.zip"),),
        contents=r"(^|/)release_in_the_wild/",
    ),
    Corpus(
        name="mlaad",
        title="MLAAD",
        page="https://huggingface.co/datasets/mueller91/MLAAD",
        archives=(Published("mlaad_v*.zip"),),
        contents=r"(^|/)fake/[a-z]{2,3}(-[A-Za-z]+)?/[^/]+/",
    ),
    Corpus(
        name="wavefake",
        title="WaveFake",
        page="https://zenodo.org/records/5642694, with the bona-fide recordings from "
        "https://keithito.com/LJ-Speech-Dataset/ and "
        "http://ss-takashi.sakura.ne.jp/corpus/jsut_ver1.1.zip",
        archives=(
            Published("generated_audio.zip", "76b3e62d69f866e57ad6b1debaff434b"),
            Published("LJSpeech-1.1.tar.bz2", "c4763be9595ddfa79c2fc6eaeb3b6c8e"),
            Published("jsut_ver1.1.zip"),
        ),
        contents=r"(^|/)((ljspeech|jsut|common_voices)_[^/]+/|LJSpeech-1\.1/|jsut_ver1\.1/)",
        licence="CC BY-SA 4.0",
    ),
    Corpus(
        name="for",
        title="Fake-or-Real",
        page="https://bil.eecs.yorku.ca/datasets/",
        archives=tuple(
            Published(f"for-{version}.tar.gz") for version in ("original", "norm", "2sec", "rerec")
        ),
        contents=r"(^|/)(training|validation|testing)/(real|fake)/",
        are_versions=True,
    ),
    Corpus(
        name="spoofceleb",
        title="SpoofCeleb",
        page="https://huggingface.co/datasets/jungjee/spoofceleb",
        # One stream cut in pieces spoofceleb.tar.gzaa, ...ab, ..., not archives of their own.
        archives=(Published("spoofceleb.tar.gz"),),
        contents=r"(^|/)(flac/(train|development|evaluation)/|"
        r"metadata/(train|development|evaluation)\.csv$)",
        licence="CC BY 4.0",
    ),
)

CORPORA = {corpus.name: corpus for corpus in _ALL}
"""By the name that `--corpus` takes."""


def recognise_corpus(paths: list[str]) -> Corpus | None:
    """Return the corpus that most of the given paths belong to, CETUC only for want of another.

    Parameters
    ----------
    paths : list of str
        Of files in an archive.
    """
    hits = {name: sum(map(corpus.holds, paths)) for name, corpus in CORPORA.items()}
    # A person's folder such as Paula_F026 is the weakest of the marks.
    best = max(hits, key=lambda name: (hits[name] > 0, name != "cetuc", hits[name]))
    return CORPORA[best] if hits[best] else None
