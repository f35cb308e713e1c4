"""ROUGE-L similarity of files with those of evaluation suites (LLM4Cov, section 3.4).

The F-measure of the longest common subsequence of words: twice its length, of the lengths of both.
Words that no suite has cannot be common, so they count for the length only; and the number of
common words, whatever their order, bounds the subsequence from above. So most pairs are told apart
by one pass over counts, and the subsequence itself (rapidfuzz, 64 words at a time) is left for few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from benchwright_trainer.extra import require_extra

_FIRST = 0xE000
"""Words become characters from here on, past the surrogates, which no text may hold alone."""


@dataclass(frozen=True, slots=True)
class Text:
    """A file to compare with, as words."""

    name: str
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Similar:
    """The file of a suite that one is most similar to.

    Attributes:
        name: of the suite's file.
        pct: ROUGE-L F-measure in percent.
    """

    name: str
    pct: float


class Suites:
    """All files of the suites, ready to be compared with.

    Args:
        texts: those without a word are left out.

    Attributes:
        n_compared: pairs whose common subsequence was looked for.
        n_pairs: pairs in all.

    Raises:
        TrainerError: rapidfuzz or numpy is not installed.
    """

    def __init__(self, texts: Iterable[Text]) -> None:
        require_extra("rapidfuzz", "numpy")
        import numpy as np  # noqa: PLC0415 - heavy

        self._texts = [text for text in texts if text.words]
        words = dict.fromkeys(word for text in self._texts for word in text.words)
        self._number = {word: number for number, word in enumerate(words)}
        self._strings = [self._string(text.words) for text in self._texts]
        self._lengths: Any = np.array([len(text.words) for text in self._texts], dtype=np.int64)
        # A column for each word, so that the few words of a design are rows that lie together.
        self._counts: Any = np.zeros((len(words), len(self._texts)), dtype=np.int32)
        for n, text in enumerate(self._texts):
            for word, times in Counter(text.words).items():
                self._counts[self._number[word], n] = times
        self.n_pairs = 0
        self.n_compared = 0

    def most_similar(self, words: Sequence[str], *, above_pct: float) -> Similar | None:
        """The most similar of the suites' files, the first of several; None up to `above_pct`."""
        from rapidfuzz.distance import LCSseq  # noqa: PLC0415 - an extra

        if not words or not self._texts:
            return None
        self.n_pairs += len(self._texts)
        best: Similar | None = None
        string = self._string(words)
        for n, n_common in self._bounds(words):
            both = len(words) + int(self._lengths[n])
            least = floor(both * (best.pct if best else above_pct) / 200) + 1
            if n_common < least:
                continue
            self.n_compared += 1
            common = LCSseq.similarity(string, self._strings[n], score_cutoff=least)
            pct = 200 * common / both
            if pct > (best.pct if best else above_pct):
                best = Similar(self._texts[n].name, pct)
        return best

    def _bounds(self, words: Sequence[str]) -> list[tuple[int, int]]:
        """Files of the suites, each with the number of words that it has in common."""
        import numpy as np  # noqa: PLC0415 - heavy

        known = [(self._number[w], n) for w, n in Counter(words).items() if w in self._number]
        if not known:
            return []
        rows, times = zip(*known, strict=True)
        common = np.minimum(self._counts[list(rows)], np.array(times)[:, None]).sum(axis=0)
        return list(enumerate(common.tolist()))

    def _string(self, words: Iterable[str]) -> str:
        """A character for each word that the suites know."""
        known = (self._number.get(word) for word in words)
        return "".join(chr(_FIRST + number) for number in known if number is not None)
