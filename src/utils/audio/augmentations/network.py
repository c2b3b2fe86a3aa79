"""What networks do to a call: packets that never arrive, and what the receiver makes of that."""

from typing import ClassVar, cast

import numpy as np

from src.utils.audio.augmentations.augmentation import (
    Augmentation,
    Parameters,
    Place,
    draw_seed,
)
from src.utils.audio.augmentations.codecs import CODECS
from src.utils.audio.augmentations.codecs.codec import at_rate
from src.utils.audio.augmentations.codecs.ffmpeg import FFmpegCodec
from src.utils.audio.augmentations.concealment import conceal
from src.utils.audio.augmentations.gilbert_elliott import draw_lost, runs_of

PACKET_SECONDS = 0.02
"""Of speech that a packet holds, as is usual in calls; the Opus encoder's, too."""
_LOSS = (0.01, 0.2)
_BURST = (1.0, 4.0)
_OPUS_RATE = 48_000
_OPUS_BIT_RATES = (12_000, 16_000, 24_000, 32_000)
_SIZE_BITS = 0b11
"""Of the first byte of an Opus packet: how many frames it holds, 0 for one."""


class PacketLoss(Augmentation):
    """Packets of 20 ms lost in bursts, and concealed by the receiver.

    Either of a call coded by Opus, whose decoder conceals, or of a waveform by G.711 Appendix I.
    """

    name: ClassVar[str] = "packet-loss"
    place: ClassVar[Place] = Place.NETWORK
    about: ClassVar[str] = "1 to 20 % of packets lost in bursts, and concealed"

    def draw(self, random: np.random.Generator, speaker: str = "") -> Parameters:
        """Draw the share that is lost, the mean burst, and who conceals; see `Augmentation.draw`.

        A `bit_rate` above 0 is that of a call by Opus.
        """
        concealments = ["waveform", *(["opus"] if not CODECS["opus"].missing else [])]
        concealment = str(random.choice(concealments))
        drawn: Parameters = {
            "concealment": concealment,
            "loss": float(random.uniform(*_LOSS)),
            "burst": float(random.uniform(*_BURST)),
            "seed": draw_seed(random),
        }
        if concealment == "opus":
            drawn["bit_rate"] = int(random.choice(_OPUS_BIT_RATES))
        return drawn

    def apply(self, waveform: np.ndarray, sample_rate: int, parameters: Parameters) -> np.ndarray:
        """Lose packets and conceal them; see `Augmentation.apply`."""
        if parameters["concealment"] == "opus":
            return at_rate(
                waveform, sample_rate, _OPUS_RATE, lambda samples: _lose_opus(samples, parameters)
            )
        packet = round(PACKET_SECONDS * sample_rate)
        lost = _draw_lost(-(-len(waveform) // packet), parameters)
        runs = [(start * packet, min(end * packet, len(waveform))) for start, end in runs_of(lost)]
        return conceal(waveform, runs, sample_rate)


def _draw_lost(count: int, parameters: Parameters) -> np.ndarray:
    random = np.random.default_rng(int(parameters["seed"]))
    return draw_lost(count, float(parameters["loss"]), float(parameters["burst"]), random)


def _lose_opus(samples: np.ndarray, parameters: Parameters) -> np.ndarray:
    codec = cast(FFmpegCodec, CODECS["opus"])
    stream = codec.encode(samples, _OPUS_RATE, int(parameters["bit_rate"]))
    lost = _draw_lost(len(stream.packets), parameters)
    arrived = [
        _lost_packet(packet) if is_lost else packet
        for packet, is_lost in zip(stream.packets, lost, strict=True)
    ]
    return codec.decode_packets(arrived, stream.header, _OPUS_RATE)[stream.delay :]


def _lost_packet(packet: bytes) -> bytes:
    """Return an Opus packet with one frame of no bytes, by which decoders know a lost one.

    RFC 6716, 3.2.1: a frame of zero length stands for one that was lost or never sent.
    """
    return bytes([packet[0] & ~_SIZE_BITS])
