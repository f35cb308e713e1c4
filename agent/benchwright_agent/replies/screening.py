"""Refuses testbenches before anything of them runs, in words that tell the model what to do.

Two kinds of things are refused: what could leave the folder of a simulation (`simulation` bounds
that too), and what would make coverage mean something else than stimulus at the design's ports:
forces, writes into the instance, instances of its submodules, its modules redefined, instructions
to Verilator. Reading inside the instance is allowed, for a testbench that waits for a state.
"""

from __future__ import annotations

import re

from benchwright_agent.protocol.task import Draft, Task
from benchwright_agent.replies.apart import apart
from benchwright_agent.replies.parse import declared_names

_DEFINE = re.compile(r"^[ \t]*`define\b(?:\\\r?\n|[^\n])*", re.M)


def screen(draft: Draft, task: Task) -> str:
    """Why a testbench is refused; empty when nothing speaks against running it.

    Raises:
        OSError: no child process can be started.
    """
    design = task.elaboration.design
    folders = dict.fromkeys(str(folder) for folder in (design.root, *design.include_dirs))
    reasons = apart(
        "benchwright_agent.replies.forbidden:find",
        {
            "text": draft.text,
            "module": task.module,
            "modules": sorted(task.elaboration.modules),
            "own": sorted(declared_names(task)),
            "macros": "".join(f"{text}\n" for f in task.files for text in _DEFINE.findall(f.text)),
            "folders": list(folders),
            "defines": [list(define) for define in design.defines],
        },
    )
    if reasons is None:
        return "the testbench cannot be read: it repeats or nests itself without end"
    return "\n".join(reasons)
