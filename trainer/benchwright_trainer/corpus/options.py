"""What a corpus is made of and which designs it takes: the section `[corpus]` of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchwright_trainer.designs.options import GeneratedOptions


@dataclass(frozen=True, slots=True)
class CorpusOptions:
    """Where designs come from, and what keeps one out.

    Attributes:
        sources: folders of designs (`rtl/`, or `rtl/verified_*.v` for the files below it that fit
            a pattern), files of rows (`.jsonl`, `.jsonl.gz`, `.parquet`, also by a pattern), and
            data sets of the Hugging Face hub (`hf:OWNER/NAME`, see `records.Hub`).
        generated: designs of our own generator, beside the sources.
        max_tokens: of a design's files and documents together.
        evaluation: suites that no design may resemble, named as sources are. Not those that the
            same generator made: these resemble each other on purpose.
        similarity_pct: a design goes when one of its files has more ROUGE-L similarity than this
            to a file of an evaluation suite (LLM4Cov, section 3.4).
        limit: at most so many designs are kept, drawn by a hash of their text; None keeps all.
    """

    sources: tuple[str, ...] = ()
    generated: GeneratedOptions = field(default_factory=GeneratedOptions)
    max_tokens: int = 12_000
    evaluation: tuple[str, ...] = ()
    similarity_pct: float = 50.0
    limit: int | None = None

    def __post_init__(self) -> None:
        for name in ("sources", "evaluation"):
            if any(not source.strip() for source in getattr(self, name)):
                raise ValueError(f"{name} has an empty name; legal: paths, or hf:OWNER/NAME")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens is {self.max_tokens}; legal: 1 or more")
        if not 0 <= self.similarity_pct <= 100:
            raise ValueError(f"similarity_pct is {self.similarity_pct}; legal: 0 to 100")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit is {self.limit}; legal: 1 or more, or none at all")
