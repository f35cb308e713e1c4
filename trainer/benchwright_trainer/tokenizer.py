"""The tokenizer of a model's folder, as llama.cpp needs it: byte-level BPE of the GPT-2 family.

llama.cpp knows how text is split before the merges by a name only, so the split in
`tokenizer.json` must be one that we know the name of: any other would be tokenised differently.
One difference remains: where `tokenizer.json` asks for Unicode's NFC, as Qwen's does, llama.cpp
does not normalise; text that is NFC already, as nearly all is, gives the same tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchwright_sim.errors import Location
from benchwright_trainer.errors import TrainerError
from benchwright_trainer.json_file import JsonFile, read_json, read_json_if_any

if TYPE_CHECKING:
    from gguf import GGUFWriter

QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_GENERATION_TAG = re.compile(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}")
_END_KEYS = ("eos", "eot", "eom")
"""Keys of a GGUF file that each name one token that ends an answer."""


@dataclass(frozen=True, slots=True)
class Token:
    """One entry of the vocabulary; its id is its place.

    Attributes:
        text: in the byte-level alphabet, where a space is written as U+0120.
        kind: control tokens (`special` in `tokenizer.json`) are never made from text; added tokens
            are found in text before it is split; unused ones fill rows of the embedding.
    """

    text: str
    kind: str = "normal"


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """Vocabulary and rules.

    Attributes:
        tokens: as many as the embedding has rows.
        merges: pairs with a space between, best first.
        split: llama.cpp's name for how text is split before the merges.
        ends: ids of the tokens that end an answer, the tokenizer's own first.
        pad: id of the token that fills up, None for none.
        bos: id of the token that begins a text (never added by itself), None for none.
        chat_template: Jinja text, empty for none.
    """

    tokens: tuple[Token, ...]
    merges: tuple[str, ...]
    split: str
    ends: tuple[int, ...]
    pad: int | None = None
    bos: int | None = None
    chat_template: str = ""


def read_tokenizer(folder: Path, n_rows: int) -> Tokenizer:
    """Reads `tokenizer.json` and what stands beside it.

    Args:
        folder: of the model.
        n_rows: of the embedding; ids that the tokenizer lacks are filled up.

    Raises:
        TrainerError: a file is missing or damaged, the tokenizer is of another kind, or it has
            more tokens than the embedding has rows.
    """
    rules = read_json(folder / "tokenizer.json")
    options = read_json_if_any(folder / "tokenizer_config.json")
    split = _split_name(rules)
    tokens = _tokens(rules, n_rows)
    ids = {token.text: number for number, token in enumerate(tokens)}
    _check_nothing_added(rules.path)
    return Tokenizer(
        tokens=tokens,
        merges=tuple(pair if isinstance(pair, str) else " ".join(pair)
                     for pair in rules.part("model").values.get("merges", ())),
        split=split,
        ends=_ends(folder, options, ids, n_rows),
        pad=_special(options, "pad_token", ids),
        bos=_special(options, "bos_token", ids),
        chat_template=_chat_template(folder, options),
    )  # fmt: skip


def plain_template(template: str) -> str:
    """A chat template without the tags that mark what to train on.

    Only trainers know `{% generation %}`. A condition that always holds takes its place, so that
    the white space around it is trimmed as before.
    """
    return _GENERATION_TAG.sub(
        lambda tag: f"{{%{tag[1]} {'endif' if tag[2] else 'if true'} {tag[3]}%}}", template
    )


def write_tokenizer(writer: GGUFWriter, tokenizer: Tokenizer) -> None:
    """Puts the tokenizer into a GGUF file's header."""
    import gguf  # noqa: PLC0415 - an extra, loaded where a file is written

    kinds = {
        "normal": gguf.TokenType.NORMAL,
        "control": gguf.TokenType.CONTROL,
        "added": gguf.TokenType.USER_DEFINED,
        "unused": gguf.TokenType.UNUSED,
    }
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(tokenizer.split)
    writer.add_token_list([token.text for token in tokenizer.tokens])
    writer.add_token_types([kinds[token.kind] for token in tokenizer.tokens])
    writer.add_token_merges(tokenizer.merges)
    for name, number in zip(_END_KEYS, tokenizer.ends, strict=False):
        getattr(writer, f"add_{name}_token_id")(number)
    if tokenizer.pad is not None:
        writer.add_pad_token_id(tokenizer.pad)
    if tokenizer.bos is not None:
        writer.add_bos_token_id(tokenizer.bos)
    writer.add_add_bos_token(False)
    writer.add_chat_template(tokenizer.chat_template)


def _split_name(rules: JsonFile) -> str:
    """llama.cpp's name of the split.

    Raises:
        TrainerError: it is unknown, or the model is no byte-level BPE.
    """
    model = rules.part("model").values
    odd = [
        key
        for key in ("byte_fallback", "continuing_subword_prefix", "dropout", "end_of_word_suffix",
                    "ignore_merges", "unk_token")
        if model.get(key)
    ]  # fmt: skip
    if model.get("type") != "BPE" or odd:
        raise rules.error(f"the tokenizer is no byte-level BPE: {odd or model.get('type')}")
    if rules.part("normalizer").values.get("type") not in (None, "NFC"):
        raise rules.error(f"the normalizer is {rules.values['normalizer']}, not NFC or none")
    splitter = rules.part("pre_tokenizer").values
    steps = splitter.get("pretokenizers", [splitter])
    shapes = [_step(step) for step in steps]
    if shapes == [("ByteLevel", True)]:
        return "gpt-2"
    if shapes == [("Split", QWEN2_SPLIT), ("ByteLevel", False)]:
        return "qwen2"
    raise rules.error(
        f"text is split in a way that llama.cpp has no name for here: {splitter}",
        hint="take the tokenizer of Qwen2, Qwen3 or GPT-2",
    )


def _step(step: Any) -> tuple[object, ...]:
    """What counts of one step of splitting; all of it where something is unusual."""
    match step:
        case {"type": "ByteLevel", "add_prefix_space": False}:
            return "ByteLevel", step.get("use_regex", True)
        case {
            "type": "Split",
            "pattern": {"Regex": regex},
            "behavior": "Isolated",
            "invert": False,
        }:
            return "Split", regex
        case _:
            return (step,)


def _tokens(rules: JsonFile, n_rows: int) -> tuple[Token, ...]:
    known: dict[int, Token] = {}
    try:
        for text, number in rules.part("model").values["vocab"].items():
            known[int(number)] = Token(text)
        for entry in rules.values.get("added_tokens") or ():
            kind = "control" if entry["special"] else "added"
            known[int(entry["id"])] = Token(entry["content"], kind)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise rules.error(f"its vocabulary is damaged: {error!r}") from error
    if not known or min(known) < 0 or max(known) >= n_rows:
        raise rules.error(
            f"its ids go up to {max(known, default=0)}, but the embedding has {n_rows} rows",
            hint="resize the model's embedding to its tokenizer",
        )
    return tuple(known.get(number, Token(f"[PAD{number}]", "unused")) for number in range(n_rows))


def _check_nothing_added(path: Path) -> None:
    """llama.cpp adds no tokens around a text; neither may the tokenizer."""
    import tokenizers  # noqa: PLC0415 - an extra, loaded where a model is read

    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        added = tokenizer.encode("").tokens
    except Exception as error:  # tokenizers raises nothing more specific
        raise TrainerError(f"it cannot be used: {error}", location=Location(path)) from error
    if added:
        raise TrainerError(
            f"the tokenizer adds {' '.join(added)} to each text, which cannot be exported",
            location=Location(path),
        )


def _special(options: JsonFile, key: str, ids: dict[str, int]) -> int | None:
    """Id of a token that `tokenizer_config.json` names, as text or as an object with `content`."""
    value = options.values.get(key)
    text = value.get("content") if isinstance(value, dict) else value
    if text is None:
        return None
    if text not in ids:
        raise options.error(f"{key} is {text!r}, which is not in the vocabulary")
    return ids[text]


def _ends(folder: Path, options: JsonFile, ids: dict[str, int], n_rows: int) -> tuple[int, ...]:
    """The tokenizer's `eos_token` and all of `generation_config.json`, each once."""
    generation = read_json_if_any(folder / "generation_config.json")
    value = generation.values.get("eos_token_id")
    listed = value if isinstance(value, list) else [] if value is None else [value]
    if any(type(number) is not int or not 0 <= number < n_rows for number in listed):
        raise generation.error(f"eos_token_id is {value!r}, not ids of the vocabulary")
    own = _special(options, "eos_token", ids)
    ends = tuple(dict.fromkeys([*([] if own is None else [own]), *listed]))
    if not ends:
        raise options.error("no token ends an answer: there is no eos_token")
    if len(ends) > len(_END_KEYS):
        raise generation.error(f"{len(ends)} tokens end an answer; a GGUF file holds three")
    return ends


def _chat_template(folder: Path, options: JsonFile) -> str:
    path = folder / "chat_template.jinja"
    try:
        template = path.read_text("utf-8") if path.exists() else options.values.get("chat_template")
    except (OSError, ValueError) as error:
        raise TrainerError(f"it cannot be read: {error}", location=Location(path)) from error
    if template is not None and not isinstance(template, str):
        raise options.error("chat_template is a list of templates; keep the one to be used")
    return plain_template(template or "")
