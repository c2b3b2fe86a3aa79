"""Real encoders and decoders, used in memory: what a recording has gone through on its way."""

from collections.abc import Mapping

from src.utils.audio.augmentations.codecs.codec import Codec, Setting
from src.utils.audio.augmentations.codecs.ffmpeg import FFmpegCodec
from src.utils.audio.augmentations.codecs.libsndfile import LibsndfileCodec

TELEPHONE_RATE = 8_000
"""Hz, of narrow-band telephony."""

_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
"""Hz, which AAC, MP3 (MPEG-1, MPEG-2 and its extension to low rates) and Vorbis all know."""


def _rated(rate: int, *bit_rates: int) -> tuple[Setting, ...]:
    return tuple({"bit_rate": bit_rate, "rate": rate} for bit_rate in bit_rates)


_ALL: tuple[Codec, ...] = (
    FFmpegCodec(
        "aac",
        # Fewer bits go with a lower rate, as encoders choose it by themselves.
        settings=(
            *_rated(16_000, 16_000, 24_000),
            *_rated(24_000, 32_000),
            *_rated(44_100, 48_000, 64_000),
            *_rated(48_000, 96_000, 128_000),
        ),
        rates=_RATES,
        encoder="aac",
        decoder="aac",
        sample_format="fltp",
        # The other search takes four times as long for the same format.
        options={"aac_coder": "fast"},
    ),
    FFmpegCodec(
        "opus",
        settings=_rated(48_000, 6_000, 8_000, 12_000, 16_000, 24_000, 32_000, 48_000, 64_000),
        rates=(48_000,),
        encoder="libopus",
        # FFmpeg's own decoder does not conceal lost packets.
        decoder="libopus",
        sample_format="flt",
        options={"compression_level": "0"},
    ),
    FFmpegCodec(
        "mp3",
        settings=(
            *_rated(16_000, 16_000, 24_000),
            *_rated(22_050, 32_000),
            *_rated(32_000, 48_000),
            *_rated(44_100, 64_000, 96_000, 128_000),
        ),
        rates=_RATES,
        encoder="libmp3lame",
        decoder="mp3float",
        sample_format="fltp",
        options={"compression_level": "7"},
    ),
    LibsndfileCodec(
        "vorbis",
        # libvorbis is asked for a quality, from 0 to 1, not for a bit rate.
        settings=tuple(
            {"quality": quality, "rate": rate}
            for quality, rate in (
                (0.0, 22_050),
                (0.1, 32_000),
                (0.2, 44_100),
                (0.3, 44_100),
                (0.5, 44_100),
            )
        ),
        rates=_RATES,
        container="OGG",
        subtype="VORBIS",
    ),
    FFmpegCodec(
        "amr",
        settings=_rated(TELEPHONE_RATE, 4_750, 5_150, 5_900, 6_700, 7_400, 7_950, 10_200, 12_200),
        rates=(TELEPHONE_RATE,),
        encoder="libopencore_amrnb",
        decoder="amrnb",
        sample_format="s16",
        # Its look-ahead of 5 ms; FFmpeg tells 50 samples.
        delay=40,
    ),
    FFmpegCodec(
        "g722",
        settings=_rated(16_000, 64_000),
        rates=(16_000,),
        encoder="g722",
        decoder="g722",
        sample_format="s16",
    ),
    LibsndfileCodec(
        "gsm",
        settings=_rated(TELEPHONE_RATE, 13_000),
        rates=(TELEPHONE_RATE,),
        container="WAV",
        subtype="GSM610",
    ),
    LibsndfileCodec(
        "mu-law",
        settings=_rated(TELEPHONE_RATE, 64_000),
        rates=(TELEPHONE_RATE,),
        container="AU",
        subtype="ULAW",
    ),
    LibsndfileCodec(
        "a-law",
        settings=_rated(TELEPHONE_RATE, 64_000),
        rates=(TELEPHONE_RATE,),
        container="AU",
        subtype="ALAW",
    ),
    LibsndfileCodec(
        "g721",
        settings=_rated(TELEPHONE_RATE, 32_000),
        rates=(TELEPHONE_RATE,),
        container="AU",
        subtype="G721_32",
    ),
)

CODECS: Mapping[str, Codec] = {codec.name: codec for codec in _ALL}
"""By name, whether this installation has them or not."""


def available_codecs() -> tuple[str, ...]:
    """Return the names of the codecs that this installation can encode and decode."""
    return tuple(name for name, codec in CODECS.items() if not codec.missing)
