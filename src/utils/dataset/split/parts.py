"""The words that corpora use for the parts of their own split."""

from src.utils.config import DOWNSTREAM_SPLITS

TRAIN, VAL, TEST = DOWNSTREAM_SPLITS

SPELLINGS = {
    "train": TRAIN,
    "training": TRAIN,
    "dev": VAL,
    "val": VAL,
    "valid": VAL,
    "validation": VAL,
    "development": VAL,
    "test": TEST,
    "testing": TEST,
    "eval": TEST,
    "evaluation": TEST,
}
