"""The words and sentence patterns of the demo corpora: one YAML file a corpus and language."""
