"""Tables, audio, metrics, embeddings and run folders: what every stage stands on."""
