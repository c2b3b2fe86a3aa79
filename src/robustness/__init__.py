"""How detectors hold under the conditions that recordings come through on their way."""
