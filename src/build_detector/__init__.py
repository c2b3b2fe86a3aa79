"""Building the detectors that come with AUDIOS: `python -m src.build_detector CORPUS ...`."""
