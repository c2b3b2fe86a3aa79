"""How much memory extraction takes, by the number of clips and by their length.

Run as `python benchmarks/extraction_memory.py`. Every figure is the peak of a process of its own
that does nothing but extract one split:

- 1,000 and 20,000 clips of 0.2 to 0.5 s through `acoustic`, through a small random Wav2Vec2, and
  through a stand-in whose vectors are as large as they are quick to compute: nothing but the table
  of clips should grow, by about 1 kB a clip;
- one clip of 0.1 s, and one of 30 minutes at 44.1 kHz, through `acoustic` and Wav2Vec2.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import src  # noqa: F401 - threads wait as those of the tasks do

# isort: split

import numpy as np
import soundfile

from src.utils.config import ROOT, SAMPLE_RATE
from src.utils.dataset.dataset import Dataset
from src.utils.dataset.generate import generate_tables
from src.utils.embeddings.backbones import Backbone, load_backbone
from src.utils.embeddings.extract import extract_split

COUNTS = (1_000, 20_000)
CLIP_SECONDS = tuple(0.2 + 0.01 * number for number in range(30))


class WideBackbone:
    """Gives vectors of 10 kB, the size of a small transformer's, for next to no work."""

    name = "wide"
    sample_rate = SAMPLE_RATE
    batch_seconds = 30.0
    leaves_cpu_free = False

    def describe(self) -> dict[str, Any]:
        """Return the shape, as `Backbone.describe` does."""
        shape = {"layers": 13, "stats": ["mean", "std"], "stats_count": 2, "dim": 96}
        return {"name": self.name, "sample_rate": SAMPLE_RATE} | shape

    def prepare(self, waveform: np.ndarray) -> np.ndarray:
        """Return the waveform."""
        return waveform

    def embed(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """Fill the shape with each clip's mean."""
        means = np.array([waveform.mean() for waveform in prepared], np.float32)
        return np.broadcast_to(means[:, None, None, None], (len(means), 13, 2, 96)).copy()


def make_corpus(
    folder: Path, n_clips: int, lengths: Sequence[float], rate: int = SAMPLE_RATE
) -> Path:
    """Write a clip of each length, in seconds, and give them `n_clips` names in turn."""
    (folder / "audio").mkdir(parents=True)
    random = np.random.default_rng(7)
    for number in range(n_clips):
        path = folder / "audio" / f"{number}.wav"
        if number >= len(lengths):
            path.hardlink_to(folder / "audio" / f"{number % len(lengths)}.wav")
            continue
        n_samples = round(lengths[number] * rate)
        with soundfile.SoundFile(path, "w", rate, 1, "PCM_16") as stream:
            for start in range(0, n_samples, rate):
                stream.write(0.1 * random.standard_normal(min(rate, n_samples - start)))
    rows = [f"audio/{i}.wav,{('bona-fide', 'spoof')[i % 2]},s{i % 50}" for i in range(n_clips)]
    (folder / "metadata.csv").write_text("\n".join(["path,label,speaker", *rows]) + "\n")
    generate_tables(folder)
    return folder


def peak_megabytes(corpus: Path, backbone: str) -> float:
    """Extract in a new process and return the most memory that was resident in it."""
    command = [sys.executable, __file__, backbone, str(corpus)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


def extract(backbone: str, corpus: Path) -> None:
    """Extract, and print the peak in MB; this is what the new process does."""
    made: Backbone
    if backbone == "wide":
        made = WideBackbone()
    else:
        checkpoint = None if backbone == "acoustic" else str(corpus.parent / backbone)
        made = load_backbone(backbone, checkpoint)
    extract_split(Dataset.open(corpus), "full", made, corpus / "embeddings")
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


def main() -> None:
    """Measure and print."""
    # Here, since it loads transformers, which `wide` and `acoustic` shall be measured without.
    from src.demo.checkpoint import make_checkpoint

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        corpora = [make_corpus(folder / str(n), n, CLIP_SECONDS) for n in COUNTS]
        make_checkpoint(folder / "wav2vec2", "wav2vec2")
        for backbone in ("wide", "acoustic", "wav2vec2"):
            few, many = (peak_megabytes(corpus, backbone) for corpus in corpora)
            growth = 1024 * (many - few) / (COUNTS[1] - COUNTS[0])
            print(
                f"{backbone}: {COUNTS[0]:,} clips {few:.0f} MB, {COUNTS[1]:,} clips {many:.0f} MB, "
                f"ratio {many / few:.3f}, {growth:.2f} kB more a clip",
                flush=True,
            )
        for seconds in (0.1, 1800.0):
            corpus = make_corpus(folder / f"{seconds}", 1, [seconds], 44_100)
            for backbone in ("acoustic", "wav2vec2"):
                peak = peak_megabytes(corpus, backbone)
                print(f"{backbone}: one clip of {seconds:g} s: {peak:.0f} MB", flush=True)


if __name__ == "__main__":
    extract(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 1 else main()
