"""What a file's headers say of its length, held against its bytes; no sample is decoded."""
