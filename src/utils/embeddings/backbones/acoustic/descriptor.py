"""A handcrafted acoustic descriptor for telling recorded speech from generated speech.

One clip becomes one vector of statistics taken from five views of the signal: the dynamics of
linear-frequency cepstral coefficients (LFCC), the fine texture of the spectrum inside narrow bands,
the modulation spectrum of sub-band envelopes, the residual of linear prediction (LP), and comb
lines at the hop rates of generators (`comb.py`). It is not the LFCC baseline of the field, which is
the backbone `lfcc`.

The statistics are chosen to say little about the room, the microphone or the codec: absolute
spectra and cepstral means are left out, because a fixed filter moves them and a classifier then
learns the recording channel. What stays is variability over time and shape of distributions,
which a fixed filter and a change of level hardly move. The sign of the waveform is left out as
well: which way round a recording is says nothing about the voice.
"""

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import uniform_filter1d

from src.utils.audio.linear_prediction import levinson_durbin
from src.utils.config import SAMPLE_RATE
from src.utils.embeddings.backbones.acoustic.comb import comb_statistics

VERSION = 1
"""Goes up whenever a vector changes, so that vectors of two kinds are never mixed."""

MIN_SAMPLES = 8000
"""Shorter clips are repeated up to this many samples (0.5 s)."""

CHUNK_SAMPLES = 6 * SAMPLE_RATE
"""Longer clips are cut into equal chunks no longer than this, and the vectors averaged."""

_WIN = 320  # 20 ms
_HOP = 160  # 10 ms
_N_FFT = 512
_F_LO, _F_HI = 100.0, 7000.0  # Hz; above this the low-pass of most chains shows
_N_BANDS = 14
_DITHER_DB = -50.0  # re the level of active speech; hides how quiet the pauses are
_GATE = 10.0**-3.5  # active frames: within 35 dB of the loud ones
_EPS = 1e-8

_ENV_RATE = 2000  # Hz, rate of the sub-band envelopes
_ENV_WIDTH = 1000.0  # Hz, full width of a sub-band
_ENV_CENTRES = np.arange(500.0, 6600.0, 600.0)  # Hz
_MOD_EDGES = (2, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 700)  # Hz

_TEXTURE_WIN = 1024  # 64 ms
_LINES_WIN = 2048  # 128 ms

_LP_WIN = 400  # 25 ms
_LP_ORDER = 16
_LP_FFT = 1024

Stats = dict[str, np.ndarray]


def _frames(x: np.ndarray, length: int, hop: int) -> np.ndarray:
    """Overlapping frames of `x`, shape (frames, length), a view."""
    return sliding_window_view(x, length)[::hop]


def _active(frames: np.ndarray, gate: float = _GATE) -> np.ndarray:
    """Mask of the frames within `gate` (power ratio) of the 95th percentile of energy."""
    energy = np.einsum("tn,tn->t", frames, frames)
    mask = energy > gate * np.quantile(energy, 0.95)
    return mask if mask.sum() >= 8 else np.ones(len(frames), bool)


def _log_std(x: np.ndarray) -> np.ndarray:
    """Log standard deviation over frames."""
    return np.log(x.std(axis=0) + 1e-4)


def _quantiles(x: np.ndarray, probs: tuple[float, ...]) -> list[np.ndarray]:
    """Quantiles along the first axis, the nearest order statistic."""
    ordered = np.sort(x, axis=0)
    return [ordered[round(p * (len(x) - 1))] for p in probs]


def _pairs(x: np.ndarray) -> np.ndarray:
    """Means of neighbouring pairs, shape (len(x) + 1) // 2: less noise in fewer dimensions."""
    return np.array([v.mean() for v in np.array_split(x, (len(x) + 1) // 2)])


def _delta(x: np.ndarray) -> np.ndarray:
    """Regression slope over five frames along the first axis, ends repeated."""
    p = np.pad(x, ((2, 2), (0, 0)), mode="edge")
    n = len(x)
    return (p[3 : n + 3] - p[1 : n + 1] + 2.0 * (p[4 : n + 4] - p[:n])) / 10.0


def _edges(count: int, n_fft: int) -> np.ndarray:
    """FFT bins that bound `count` equal bands between `_F_LO` and `_F_HI`."""
    return np.round(np.linspace(_F_LO, _F_HI, count + 1) * n_fft / SAMPLE_RATE).astype(int)


def _band_mean(x: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean of `x` (frames, bins) inside every band, shape (frames, bands)."""
    sums = np.add.reduceat(x[:, : edges[-1]], edges[:-1], axis=1)
    return sums / np.diff(edges).astype(np.float32)


def _hann(length: int) -> np.ndarray:
    """Periodic Hann window, float32."""
    return np.hanning(length + 1)[:-1].astype(np.float32)


def _triangles(count: int, low: float, high: float) -> np.ndarray:
    """Triangular filters of even width between two frequencies in Hz, shape (bins, count)."""
    bins = np.linspace(0, SAMPLE_RATE / 2, _N_FFT // 2 + 1)[:, None]
    points = np.linspace(low, high, count + 2)
    width = np.diff(points)
    rising, falling = (bins - points[:-2]) / width[:-1], (points[2:] - bins) / width[1:]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


class AcousticDescriptor:
    """Map a waveform to one vector of LFCC, texture, modulation, LP residual and comb statistics.

    Attributes
    ----------
    dim : int
        How many statistics the vector has.
    """

    def __init__(self) -> None:
        """Make the windows and the filter bank, once."""
        self._lfcc_win = _hann(_WIN)
        self._lfcc_bands = _triangles(80, 60.0, 7200.0)
        self._lfcc_cosines = scipy.fft.dct(np.eye(80), norm="ortho")[:, :40].astype(np.float32)
        noise = np.random.default_rng(20210).standard_normal(CHUNK_SAMPLES)
        self._dither = (10.0 ** (_DITHER_DB / 20.0) * noise).astype(np.float32)
        self._texture_win = _hann(_TEXTURE_WIN)
        self._lines_win = _hann(_LINES_WIN)
        self._lp_win = np.hamming(_LP_WIN).astype(np.float32)
        autocorr = scipy.fft.irfft(np.abs(scipy.fft.rfft(self._lp_win, _LP_FFT)) ** 2)
        self._lp_win_autocorr = (autocorr[:_LP_WIN] / autocorr[0]).astype(np.float32)
        probe = self._chunk(np.random.default_rng(0).standard_normal(MIN_SAMPLES, np.float32))
        self._names = [f"{name}_{i:02d}" for name, v in probe.items() for i in range(len(v))]
        self.dim = len(self._names)

    def feature_names(self) -> list[str]:
        """Names of the features, in the order of the vector."""
        return list(self._names)

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Describe one clip.

        Parameters
        ----------
        waveform : numpy.ndarray
            Samples at 16 kHz, shape (samples,), any level.

        Returns
        -------
        numpy.ndarray
            The descriptor, shape (dim,), float32, always finite.
        """
        x = np.asarray(waveform, dtype=np.float32).reshape(-1)
        if len(x) == 0:
            x = np.zeros(1, np.float32)
        # Without a copy of the whole, which of an hour is a quarter of a GB, unless need be.
        low, high = float(x.min()), float(x.max())
        if not np.isfinite(low + high):
            x = np.nan_to_num(x)
            low, high = float(x.min()), float(x.max())
        # Divided by it, squares of the samples neither overflow nor vanish.
        peak = np.float32(max(-low, high) or 1.0)
        if len(x) < MIN_SAMPLES:
            # Repeating keeps the statistics of the clip, which zeros would not.
            x = np.resize(x, MIN_SAMPLES)
        count = -(-len(x) // CHUNK_SAMPLES)
        size = len(x) // count
        chunks = [x[i * size : (i + 1) * size] for i in range(count)]
        levels = [self._level(chunk / peak) for chunk in chunks]
        # Chunks of near silence say nothing about the speech.
        loud = [c for c, v in zip(chunks, levels, strict=True) if v >= 0.1 * max(levels)]
        total = np.zeros(self.dim, np.float64)
        for chunk in loud:
            total += np.concatenate(list(self._chunk(chunk / peak).values()))
        return np.nan_to_num(total / len(loud)).astype(np.float32)

    @staticmethod
    def _level(x: np.ndarray) -> float:
        """Root-mean-square level of the active frames."""
        frames = _frames(x - x.mean(), _WIN, _HOP)
        mask = _active(frames, 1e-3)
        return float(np.sqrt(np.mean(frames[mask] ** 2, dtype=np.float64)))

    def _chunk(self, x: np.ndarray) -> Stats:
        """All statistics of one chunk of at most `CHUNK_SAMPLES`."""
        # Scaling to unit active level makes the offsets inside the logarithms, and the dither that
        # hides digital silence, a fixed distance below the speech: that is the level invariance.
        x = (x - x.mean()) / max(self._level(x), 1e-6) + self._dither[: len(x)]
        x = np.clip(x, -100.0, 100.0).astype(np.float32)
        mask = _active(_frames(x, _WIN, _HOP))
        stats: Stats = {}
        stats |= self._cepstra(x, mask)
        stats |= self._textures(x)
        stats |= self._envelopes(x)
        stats |= self._prediction(x)
        stats |= comb_statistics(x)
        return stats

    def _cepstra(self, x: np.ndarray, mask: np.ndarray) -> Stats:
        """Spread and dynamics of linear-frequency cepstra, on active frames.

        Deltas after Sahidullah, Kinnunen, Hanilci, 2015, "A comparison of features for synthetic
        speech detection". The means are left out: they carry the channel.
        """
        spectra = scipy.fft.rfft(
            sliding_window_view(x, _WIN)[::_HOP] * self._lfcc_win, _N_FFT, axis=1
        )
        power = spectra.real**2 + spectra.imag**2
        static = np.log(power @ self._lfcc_bands + np.float32(1e-6)) @ self._lfcc_cosines
        first = _delta(static)
        second = _delta(first)
        std, slope, curve = (_log_std(v[mask]) for v in (static, first, second))
        return {
            "lfcc_std": _pairs(std),
            "lfcc_delta_std": _pairs(slope),
            "lfcc_delta2_std": _pairs(curve),
            "lfcc_delta_ratio": _pairs(slope - std),
        }

    def _textures(self, x: np.ndarray) -> Stats:
        """Shape of the spectrum inside narrow bands: flatness, and the fine structure of its log.

        Generated speech is smoother inside a band, and varies less from frame to frame, than
        recorded speech. A filter that is flat over a band cancels in every one of these. The mean
        over the clip at the finer resolution shows standing lines, such as up-sampling layers
        leave (Pons, Pascual, Cengarle, Serra, 2021, "Upsampling artifacts in neural audio
        synthesis").
        """
        power, fine, edges = self._fine_structure(x, _TEXTURE_WIN, self._texture_win)
        square = fine * fine
        var = _band_mean(square, edges)
        mean_var = var.mean(0)
        skew = _band_mean(square * fine, edges).mean(0) / mean_var**1.5
        flat = np.log(_band_mean(power, edges)) - _band_mean(np.log(power), edges)
        stats: Stats = {
            "texture_std": _pairs(np.log(mean_var)),
            "texture_skew": _pairs(skew),
            "texture_var": _pairs(_log_std(np.sqrt(var))),
            "flatness_std": _pairs(_log_std(flat)),
        }
        for p, row in zip((10, 50, 90), _quantiles(flat, (0.1, 0.5, 0.9)), strict=True):
            stats[f"flatness_p{p}"] = _pairs(row)
        _, fine, edges = self._fine_structure(x, _LINES_WIN, self._lines_win)
        standing = _band_mean(fine.mean(0, keepdims=True) ** 2, edges)[0]
        stats["standing_lines"] = _pairs(np.log(standing + _EPS))
        return stats

    @staticmethod
    def _fine_structure(
        x: np.ndarray, length: int, window: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Power, and its log less a 480 Hz wide mean, of active frames; and the bands' edges.

        Shapes (frames, bins), (frames, bins) and (bands + 1,).
        """
        frames = _frames(x, length, length // 2)
        spectrum = scipy.fft.rfft(frames[_active(frames, 1e-3)] * window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2 + 1e-6
        log_power = np.log(power)
        width = int(480 * length / SAMPLE_RATE) | 1
        smooth = uniform_filter1d(log_power, width, axis=1, mode="nearest")
        return power, log_power - smooth, _edges(_N_BANDS, length)

    def _envelopes(self, x: np.ndarray) -> Stats:
        """Modulation spectrum of sub-band envelopes, 2 Hz to 700 Hz.

        The band reaches past the syllable rate to the pitch and the hop rates of generators
        (80 Hz to 200 Hz), where a frame-wise synthesis leaves its rhythm.
        """
        n_fft = -(-len(x) // 1600) * 1600  # whole ratio to the envelope rate, small factors
        spectrum = scipy.fft.rfft(x, n_fft)
        bin_hz = SAMPLE_RATE / n_fft
        width = round(_ENV_WIDTH / bin_hz)
        window = np.hanning(width + 2)[1:-1].astype(np.float32)
        size = n_fft * _ENV_RATE // SAMPLE_RATE
        bands = np.zeros((len(_ENV_CENTRES), size), np.complex64)
        for row, centre in zip(bands, _ENV_CENTRES, strict=True):
            low = round((centre - _ENV_WIDTH / 2) / bin_hz)
            row[:width] = spectrum[low : low + width] * window
        # Shifted to zero frequency the analytic signal keeps its envelope at a low rate.
        env = np.abs(scipy.fft.ifft(bands, axis=1))[:, : len(x) * _ENV_RATE // SAMPLE_RATE]
        env = env * (2.0 * size / n_fft) + 1e-4
        loud = uniform_filter1d((env * env).sum(0), 40)
        mask = loud > 1e-3 * np.quantile(loud, 0.95)
        # Dividing by the 50 ms mean takes away formants and loudness; the pitch pulses remain.
        rel = np.clip(env / uniform_filter1d(env, 100, axis=1, mode="nearest") - 1.0, -1.0, 8.0)
        mod = scipy.fft.rfft(rel * mask, 16384, axis=1)
        mod = mod.real**2 + mod.imag**2
        edges = np.round(np.array(_MOD_EDGES) * 16384 / _ENV_RATE).astype(int)
        mod = np.log(_band_mean(mod[:, edges[0] :], edges - edges[0]) + 1e-6)
        mod = mod - mod.mean(1, keepdims=True)  # the shape alone
        # Neighbouring bands tell much the same; three regions are left: low, middle and high.
        regions = [region.mean(axis=0) for region in np.array_split(mod, 3)]
        return {"modulation": np.concatenate(regions)}

    def _prediction(self, x: np.ndarray) -> Stats:
        """Excitation statistics from the residual of linear prediction.

        Quantiles over frames of skewness, log kurtosis, log crest factor, log prediction gain,
        residual periodicity, voicing and spectral flatness. Real glottal pulses are neither the
        sharp pulses of a minimum-phase vocoder nor the blurred ones of a phase estimate.
        """
        frames = _frames(x, _LP_WIN, _HOP)
        frames = frames[_active(frames, 10.0**-2.5)] * self._lp_win
        spectrum = scipy.fft.rfft(frames, _LP_FFT, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        autocorr = scipy.fft.irfft(power, axis=1)[:, :_LP_WIN]
        a, error = levinson_durbin(autocorr[:, : _LP_ORDER + 1].astype(np.float64))
        inverse = scipy.fft.rfft(a.astype(np.float32), _LP_FFT, axis=1)
        spectrum = spectrum * inverse
        residual = scipy.fft.irfft(spectrum, _LP_FFT, axis=1)[:, _LP_ORDER:_LP_WIN]
        d = residual - residual.mean(1, keepdims=True)
        d2 = d * d
        var = d2.mean(1) + 1e-12
        skew = np.clip((d2 * d).mean(1) / var**1.5, -8, 8)
        kurt = np.log(np.clip((d2 * d2).mean(1) / var**2, 1, 200))
        crest = np.log(np.abs(d).max(1) / np.sqrt(var) + 1e-3)
        gain = np.log(autocorr[:, 0] + 1e-9) - np.log(error + 1e-9)
        power = spectrum.real**2 + spectrum.imag**2 + 1e-9
        edges = _edges(_N_BANDS, _LP_FFT)
        flat = np.log(_band_mean(power, edges)) - _band_mean(np.log(power), edges)
        periodic = scipy.fft.irfft(power, axis=1)[:, :267]
        peak = periodic[:, 40:].max(1) / periodic[:, 0]
        pitch = autocorr[:, 40:267] / (autocorr[:, :1] * self._lp_win_autocorr[40:267] + 1e-9)
        voicing = np.clip(pitch.max(1), 0.0, 1.2)
        voiced = voicing > 0.6
        if voiced.sum() < 8:
            voiced = np.ones(len(voicing), bool)
        # A chain may invert the waveform: measure skewness along the sign it has in this clip.
        sign = 1.0 if np.mean(skew[voiced]) >= 0 else -1.0
        skew = sign * skew
        whole = np.stack([skew, kurt, crest, gain, peak, voicing, flat.mean(1)], axis=1)
        stats: Stats = {}
        rows = _quantiles(whole, (0.1, 0.25, 0.5, 0.75, 0.9))
        for p, row in zip((10, 25, 50, 75, 90), rows, strict=True):
            stats[f"lp_all_p{p}"] = row
        rows = _quantiles(whole[voiced], (0.25, 0.5, 0.75))
        for p, row in zip((25, 50, 75), rows, strict=True):
            stats[f"lp_voiced_p{p}"] = row
        return stats
