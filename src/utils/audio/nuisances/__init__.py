"""What a recording gives away besides the voice: measured from its file, without any model."""
