"""A small tree of every layout, as the corpora come unpacked; recordings are empty files."""

from collections.abc import Callable
from pathlib import Path

import pytest

ASVSPOOF2019 = {
    "train.trn": "LA_0079 LA_T_1138215 - - bonafide\nLA_0098 LA_T_9982036 - A06 spoof\n",
    "dev.trl": "LA_0069 LA_D_1047731 - - bonafide\nLA_0071 LA_D_1340209 - A01 spoof\n",
    "eval.trl": "LA_0039 LA_E_2834763 - A11 spoof\nLA_0014 LA_E_8877452 - A14 spoof\n"
    "LA_0040 LA_E_6828287 - - bonafide\n",
}
ASVSPOOF2021 = {
    "LA": "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval\n"
    "LA_0020 LA_E_6866159 gsm loc_tx bonafide bonafide notrim eval\n"
    "LA_0033 LA_E_5464494 opus mad_tx A12 spoof trim progress\n"
    "LA_0045 LA_E_1000000 none - - bonafide trim hidden\n",
    "DF": "LA_0023 DF_E_2000011 nocodec asvspoof A14 spoof notrim progress "
    "traditional_vocoder - - - -\n"
    "TEF2 DF_E_2000013 low_m4a vcc2020 Task1-team20 spoof notrim eval "
    "neural_vocoder_nonautoregressive Task1 team20 FF E\n"
    "LA_0042 DF_E_2000026 mp3m4a asvspoof - bonafide notrim eval bonafide - - - -\n",
}
ASVSPOOF5 = {
    "train": "T_4850 T_0000000000 F - - - AC3 A05 spoof -\n"
    "T_1210 T_0000000023 M - - - - bonafide bonafide -\n",
    "dev.track_1": "D_0062 D_0000000001 F - - - AC1 A11 spoof -\n",
    "eval.track_1": "E_1607 E_0000000001 F - - - AC1 A19 spoof -\n"
    "E_1607 E_0000000002 F C05 3 E_0000000001 AC1 A19 spoof -\n"
    "E_0800 E_0000000003 M C01 5 E_0009000000 - bonafide bonafide -\n",
}
MLAAD = (
    "path|original_file|language|is_original_language|duration|training_data|model_name|"
    "architecture|transcript\n"
    "./fake/de/vits_thorsten/a_1.wav|./de_DE/by_book/female/ramona/haus/wavs/haus_01.wav|de|True|"
    '3.1|thorsten|tts_models/de/vits|vits|"Ja", sagte sie\n'
    "./fake/de/vits_thorsten/a_2.wav|M-AILABS/de_DE/by_book/mix/buch/wavs/b_01.wav|de|True|2.0|"
    "thorsten||vits|Nein\n"
    "./fake/de/vits_thorsten/a_3.wav|unknown/thing.wav|de|True|2.0|thorsten|x|vits|Doch\n"
)
NAMES = (
    *("cetuc", "csv", "asvspoof2019", "asvspoof2021", "asvspoof5", "in-the-wild", "mlaad"),
    *("wavefake", "for", "spoofceleb", "folders"),
)


def touch(folder: Path, *files: str) -> None:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def lay_out(name: str, folder: Path) -> Path:
    match name:
        case "cetuc":
            touch(folder, "real_voices/Ana_F001/1.wav", "fake_voices/Ana_F001_Fake/1.wav")
        case "csv":
            touch(folder, "a.wav", "b.wav")
            write(folder / "metadata.csv", "file,label\na.wav,real\nb.wav,fake\n")
        case "asvspoof2019":
            for part, text in ASVSPOOF2019.items():
                protocols = folder / "LA/ASVspoof2019_LA_cm_protocols"
                write(protocols / f"ASVspoof2019.LA.cm.{part}.txt", text)
                audio = f"LA/ASVspoof2019_LA_{part.split('.')[0]}/flac"
                touch(folder, *(f"{audio}/{line.split()[1]}.flac" for line in text.splitlines()))
        case "asvspoof2021":
            for track, text in ASVSPOOF2021.items():
                write(folder / f"keys/{track}/CM/trial_metadata.txt", text)
                write(folder / f"keys/{track}/ASV/trial_metadata.txt", "not ours\n")
                audio = f"ASVspoof2021_{track}_eval/flac"
                touch(folder, *(f"{audio}/{line.split()[1]}.flac" for line in text.splitlines()))
        case "asvspoof5":
            audio = {"train": "flac_T", "dev.track_1": "flac_D", "eval.track_1": "flac_E_eval"}
            for part, text in ASVSPOOF5.items():
                write(folder / f"ASVspoof5.{part}.tsv", text)
                lines = text.splitlines()
                touch(folder, *(f"{audio[part]}/{line.split()[1]}.flac" for line in lines))
            write(folder / "ASVspoof5.dev.track_2.trial.tsv", "not ours\n")
        case "in-the-wild":
            inner = folder / "release_in_the_wild"
            touch(inner, "0.wav", "1.wav")
            rows = "0.wav,Alec Guinness,spoof\n1.wav,Barack Obama,bona-fide\n"
            write(inner / "meta.csv", f"file,speaker,label\n{rows}")
        case "mlaad":
            touch(folder, *(f"fake/de/vits_thorsten/a_{number}.wav" for number in (1, 2, 3)))
            write(folder / "fake/de/vits_thorsten/meta.csv", MLAAD)
        case "wavefake":
            touch(folder, "LJSpeech-1.1/wavs/LJ001-0001.wav")
            touch(folder, "jsut_ver1.1/basic5000/wav/BASIC5000_0001.wav")
            generated = folder / "generated_audio"
            touch(generated, "ljspeech_melgan/LJ001-0001_gen.wav")
            touch(generated, "jsut_parallel_wavegan/BASIC5000_0001_gen.wav")
            touch(generated, "common_voices_prompts_from_fastspeech2_pwg_ljspeech/gen_7.wav")
            rows = 'LJ001-0001|In 1455, a "Bible"|In fourteen fifty-five, a "Bible"\n'
            write(folder / "LJSpeech-1.1/metadata.csv", rows)
            rows = "BASIC5000_0001:水をマレーシアから:買わなくては\n"
            write(folder / "jsut_ver1.1/basic5000/transcript_utf8.txt", rows)
        case "for":
            for part in ("training", "validation", "testing"):
                touch(folder / "for-norm" / part, "real/1.wav", "fake/1.wav")
        case "spoofceleb":
            for part in ("train", "development", "evaluation"):
                rows = f"a00/id1/{part}1.flac,id1,a00\na07/id1/{part}2.flac,id1,a07\n"
                write(folder / f"metadata/{part}.csv", f"file,speaker,attack\n{rows}")
                audio = folder / "flac" / part
                touch(audio, f"a00/id1/{part}1.flac", f"a07/id1/{part}2.flac")
        case "folders":
            touch(folder, "train/Bona-Fide/anna/1.wav", "train/deep_fake/anna/1.wav")
        case _:
            raise AssertionError(f"--layout={name} is tested by nothing: lay out a small tree here")
    return folder


@pytest.fixture
def make_corpus(tmp_path: Path) -> Callable[..., Path]:
    """Lay out the small corpus of a layout."""
    return lambda name, folder="corpus": lay_out(name, tmp_path / folder)


@pytest.fixture
def make_ailabs(tmp_path: Path) -> Path:
    """Lay out the small M-AILABS that the small MLAAD was made from."""
    folder = tmp_path / "m-ailabs"
    female, mix = "de_DE/by_book/female/ramona/haus", "de_DE/by_book/mix/buch"
    male = "unpacked/en_US/by_book/male/elliot/book"
    touch(folder, f"{female}/wavs/haus_01.wav", f"{mix}/wavs/b_01.wav", f"{male}/wavs/e_01.wav")
    touch(folder, "de_DE/by_book/female/loose.wav")
    write(folder / female / "metadata.csv", 'haus_01|"Ja" 1|"Ja" eins\n')
    return folder


@pytest.fixture(scope="session")
def layouts() -> tuple[str, ...]:
    """The names of all layouts that the small corpora are of."""
    return NAMES


@pytest.fixture(scope="session")
def make_files() -> Callable[..., None]:
    """Make empty files below a folder."""
    return touch
