"""Identifiers: legal, unique, in one style, and of other words in the split for names."""

from __future__ import annotations

import random

import pytest

from benchwright_sim.identifiers import is_identifier
from benchwright_trainer.designs.foreign import LANGUAGES
from benchwright_trainer.designs.names import Kind, Names
from benchwright_trainer.designs.split import SPLITS, Split
from benchwright_trainer.designs.vocabulary import PHRASES, WORDS

_KINDS: tuple[Kind, ...] = ("input", "output", "reg", "wire", "const", "state", "module")


@pytest.mark.parametrize("split", SPLITS)
def test_all_roles_get_legal_and_different_names(split: Split) -> None:
    for seed in range(30):
        names = Names(random.Random(seed), split)
        kinds = random.Random(seed)
        found = [names.of(role, kinds.choice(_KINDS)) for role in (*PHRASES, *WORDS)]
        assert len(set(found)) == len({*PHRASES, *WORDS})
        assert all(map(is_identifier, found))


def test_words_of_languages_are_no_training_words() -> None:
    known = {word for words in PHRASES.values() for phrase in words for word in phrase.split()}
    known |= {word for words in WORDS.values() for word in words} | set(WORDS)
    foreign = {word for words in LANGUAGES.values() for word in words.values()}
    assert not known & foreign


def test_names_of_one_role_vary() -> None:
    found = {Names(random.Random(seed), "train").of("write enable", "input") for seed in range(300)}
    assert len(found) > 25
    unseen = {Names(random.Random(seed), "names").of("write enable", "input") for seed in range(99)}
    assert len(unseen) > 30
    assert not found & unseen


def test_modules_below_have_names_of_the_same_style() -> None:
    for seed in range(40):
        names = Names(random.Random(seed), "train")
        affix = names.of("data in", "input").startswith("i_")
        assert names.beside().of("data in", "input").startswith("i_") == affix
