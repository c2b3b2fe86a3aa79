"""Metrics of scores: `table.METRICS` names them all, with what each is computed by."""
