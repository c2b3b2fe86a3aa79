"""A verdict on a new recording."""
