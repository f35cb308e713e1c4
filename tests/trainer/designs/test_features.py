"""Guards and watchers: each is legal, and is met among few designs."""

from __future__ import annotations

from benchwright_trainer.designs.generate import generated_rows
from benchwright_trainer.designs.options import GeneratedOptions


def test_each_feature_is_met() -> None:
    options = GeneratedOptions(n=300, families=("comparator", "timer", "lfsr", "accumulator"))
    specs = [row.specs[0].text for row, _ in generated_rows(options)]
    for words, least in {
        "until the unit is unlocked": 10,
        "cycles must pass before": 10,
        "each time that the unit is armed": 10,
        "one after the other, give a pulse": 20,
        "times in a row": 20,
        "values of": 20,
        "repeated its value": 20,
        "more than": 10,
    }.items():
        assert sum(words in spec for spec in specs) >= least, words
    plain = [spec for spec in specs if spec.count("\n\n") <= 5]
    assert len(plain) > 30
