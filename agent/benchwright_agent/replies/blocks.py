"""The pieces of code in a model's reply, whatever it is wrapped in.

Thoughts are taken out, fences of both kinds and JSON are taken off, and a file name is looked for
where models write one: on a line before the code, in the fence's first line, in a comment. All is
linear in the length of the reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

_TAG = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", re.I)
_SPECIAL = re.compile(r"<\|(?:im_start|im_end|endoftext|eot_id|end)\|>")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})(.*)")
_FENCE_BEHIND = re.compile(r"(\bend(?:module|package|program|interface)\b[^`\n]{0,80})```")
_CODE_IN_INFO = re.compile(r"[\w.+-]*[ \t]+(?=module\b|`timescale\b|//)")
_START = re.compile(
    r"^[ \t]*(?:`[a-z]\w*|"
    r"(?:module|macromodule|package|interface|program)[ \t]+\w+[ \t]*(?:[#(;]|$))",
    re.M,
)
_END = re.compile(r"\bend(?:module|program)\b(?:[ \t]*:[ \t]*\w+)?")
_NAME = re.compile(r"(?<![\w./\\-])([\w./\\-]{1,200}\.s?vh?)(?![\w.])")
_UNWRITTEN_NAME = re.compile(r"[ \t]*file[ _]?name[ \t]*[:=]", re.I)
_LINES_NEAR = 4


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of code of a reply.

    Attributes:
        code: its text.
        name: of the file, as the reply has it; empty when it has none.
        closed: whether the reply says that the piece ends here.
    """

    code: str
    name: str = ""
    closed: bool = True


def find_blocks(reply: str) -> list[Block]:
    """The pieces that may hold a module, in order; those in thoughts only if there is no other."""
    text = _clean(reply)
    answer = _without_thoughts(text)
    return _blocks(answer) or _blocks(_TAG.sub("\n", text))


def _clean(text: str) -> str:
    """Text that can be encoded, with `\\n` at the end of lines."""
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").replace("\ufeff", "")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _FENCE_BEHIND.sub(r"\1\n```", _SPECIAL.sub("", text))


def _without_thoughts(text: str) -> str:
    """A thought without an end reaches to the end, one without a beginning from the beginning."""
    kept: list[str] = []
    start, inside = 0, False
    for tag in _TAG.finditer(text):
        if not tag[1]:
            if not inside:
                kept.append(text[start : tag.start()])
            inside = True
        else:
            if not inside:
                kept.clear()
            start, inside = tag.end(), False
    if not inside:
        kept.append(text[start:])
    return "".join(kept)


def _blocks(text: str) -> list[Block]:
    wrapped = _of_json(text)
    if wrapped:
        return wrapped
    fenced: list[Block] = []
    for block in _fenced(text):
        fenced.extend(_of_json(block.code) or [block])
    return [b for b in fenced if "module" in b.code or "package" in b.code] or _bare(text)


def _fenced(text: str) -> Iterator[Block]:
    """What stands between fences; a fence with a language begins anew even within another."""
    mark, body, prose = "", [""], [""]
    info = ""
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if fence is None:
            (body if mark else prose).append(line)
        elif mark and not fence[2].strip() and fence[1].startswith(mark):
            yield _block(body, info, prose, closed=True)
            mark, prose = "", []
        else:
            if mark:
                yield _block(body, info, prose, closed=True)
                prose = []
            mark, info = fence[1], fence[2]
            code = _CODE_IN_INFO.match(info)
            body = [info[code.end() :]] if code else []
    if mark:
        yield _block(body, info, prose, closed=False)


def _block(body: list[str], info: str, prose: list[str], *, closed: bool) -> Block:
    head = body[:_LINES_NEAR]
    unwritten = [line for line in head if _UNWRITTEN_NAME.match(line)]
    near = [line for line in reversed(prose) if line.strip()][:_LINES_NEAR]
    named = (_name_on(line) for line in (*unwritten, *near, *head))
    in_info = _NAME.search(info.replace(":", " "))
    name = in_info[1] if in_info else next((found for found in named if found), "")
    for line in unwritten:
        body.remove(line)
    return Block("\n".join(body), name, closed)


def _name_on(line: str) -> str:
    """The file name on a line that says `file` or nothing but the name."""
    found = _NAME.search(line)
    if found is None:
        return ""
    alone = not re.search(r"\w", line[: found.start()] + line[found.end() :])
    return found[1] if alone or "file" in line[: found.start()].lower() else ""


def _bare(text: str) -> list[Block]:
    """Code without fences: from what looks like its first line to the last `endmodule`."""
    start = _START.search(text)
    if start is None:
        return []
    end = None
    for end in _END.finditer(text, start.end()):  # noqa: B007 - the last one is wanted
        pass
    code = text[start.start() : end.end() if end else len(text)]
    if "module" not in code and "program" not in code:
        return []
    lines = code.split("\n")
    block = _block(lines, "", text[: start.start()].split("\n")[-8:], closed=end is not None)
    return [block]


def _of_json(text: str) -> list[Block]:
    """The blocks in the strings of a JSON text, none when it is none."""
    text = text.strip()
    if not text.startswith(("{", "[", '"')):
        return []
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    blocks: list[Block] = []
    try:
        named = list(_strings(value, ""))
    except RecursionError:
        return []
    names = [name for _, string in named for name in [_name_on(string)] if name]
    for key, string in named:
        if "module" in string and "\n" in string.strip():
            name = _name_on(key) or next(iter(names), "")
            inner = [b for b in _fenced(_clean(string)) if "module" in b.code] or [
                Block(_clean(string))
            ]
            blocks.extend(replace(block, name=block.name or name) for block in inner)
    return blocks


def _strings(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _strings(below, str(name))
    elif isinstance(value, list):
        for below in value:
            yield from _strings(below, key)
