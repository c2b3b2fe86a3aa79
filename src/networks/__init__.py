"""Detectors trained end to end from waveforms: a front end, a back end and an output layer.

A *front end* turns a window of a waveform into frames, a *back end* turns frames into one vector
(the embedding of the window), and the *head* scores that vector.
"""
