"""A model's reply -> the testbench in it, or why there is none that can be used.

What can be set right without guessing is: pieces are put together, the design's own modules and
includes of its files taken out, an instance with another name renamed, or of a module that does not
exist made one of the design. Everything else is a
`Rejection` whose reason is fed back to the model. No text makes it raise.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath

from benchwright_agent.protocol.task import Draft, Task
from benchwright_agent.replies.apart import apart
from benchwright_agent.replies.blocks import find_blocks
from benchwright_sim.identifiers import is_identifier

_MAX_BYTES = 1 << 19
_MAX_NAME = 80
_NO_CODE = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
_DECLARED = re.compile(
    r"\b(?:module|macromodule|interface|package|program|primitive)\s+"
    r"(?:(?:automatic|static)\s+)?([A-Za-z_]\w*)"
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """No testbench can be taken from a reply; `reason` tells the model what to do."""

    reason: str


def read_testbench(reply_text: str, task: Task) -> Draft | Rejection:
    """The testbench in a reply.

    Args:
        reply_text: any text.
        task: what was asked.

    Raises:
        OSError: no child process can be started.
    """
    blocks = find_blocks(reply_text)
    if not blocks:
        return Rejection(_nothing(reply_text, task))
    if sum(len(block.code) for block in blocks) > _MAX_BYTES:
        return Rejection(
            f"the answer holds more than {_MAX_BYTES >> 10} KiB of code: write a shorter testbench"
        )
    found = apart(
        "benchwright_agent.replies.joining:choose",
        {
            "blocks": [[block.code, block.closed] for block in blocks],
            "module": task.module,
            "instance": task.instance,
            "own": sorted(declared_names(task)),
            "files": sorted({path.name for path in task.elaboration.design.sources}),
            "defines": [list(define) for define in task.elaboration.design.defines],
        },
    )
    if found is None:
        return Rejection(
            "the code cannot be read: it repeats or nests itself without end. "
            "Write a plain, shorter testbench"
        )
    if found["reason"]:
        return Rejection(found["reason"])
    if not (is_identifier(found["top"]) and len(found["top"]) <= _MAX_NAME):
        return Rejection(f"the testbench's module needs a plain name, such as tb_{task.module}")
    name = _file_name(blocks[found["block"]].name, task)
    return Draft(name, found["text"], found["top"])


def declared_names(task: Task) -> frozenset[str]:
    """Modules, interfaces and packages of the design, also those below no top."""
    names = set(task.elaboration.modules)
    for file in task.files:
        names.update(_DECLARED.findall(_NO_CODE.sub(" ", file.text)))
    return frozenset(names)


def _nothing(reply: str, task: Task) -> str:
    form = (
        "answer with a `filename:` line and one ```systemverilog block that holds the whole "
        f"testbench of {task.module}"
    )
    if not reply.strip():
        return f"the answer was empty: {form}"
    if re.search(r"<think(?:ing)?>(?!.*</think)", reply[-(1 << 16) :], re.S):
        return f"the answer ended within its thoughts: think less, and {form}"
    return f"the answer holds no module: {form}"


def _file_name(name: str, task: Task) -> str:
    """A name without folders that is none of the design's files."""
    stem = re.sub(r"[^\w.-]", "", re.split(r"[/\\]", name)[-1], flags=re.A)
    stem = re.sub(r"\.s?vh?$", "", stem).strip(".-")[:_MAX_NAME]
    taken: Collection[str] = {PurePath(file.name).stem for file in task.files}
    if not stem or stem in taken:
        stem = "tb_" + re.sub(r"\W", "_", task.module, flags=re.A)[:_MAX_NAME]
    return f"{stem}.sv"
