"""The generated half of a harness: `model.h`, which names one verilated model's parts.

Everything of a model's state lies in its symbol table before the coverage counters, so a snapshot
is one copy (measured: 0.2 us). That holds unless the state owns memory elsewhere: queues, strings,
classes, processes. Such a design runs without snapshots. Queues of delayed assignments are empty
between evaluations and merely keep their own memory across a restore.
"""

from __future__ import annotations

import re
from pathlib import Path

from benchwright_sim.interface import Interface

PREFIX = "Vdesign"

_TRANSIENT = re.compile(r"^\s*VlNBACommitQueue<.*>\s+(\w+);", re.MULTILINE)
_OWNING = re.compile(
    r"\b(VlQueue|VlAssocArray|VlClassRef|VlForkSync\w*|VlProcessRef|VlRandomizer|VlStdRandomizer"
    r"|VlSampleQueue|VlCoroutine|VlDelayScheduler|VlTriggerScheduler|VlDynamicTriggerScheduler"
    r"|std::string|VlWin)\b"
)
_CLASS = re.compile(r"^class\s.*?(\w+) final", re.MULTILINE)
_INSTANCE = re.compile(rf"^\s*({PREFIX}\w*)\s+(\w+);", re.MULTILINE)


def render_model_header(interface: Interface, folder: Path, *, timing: bool) -> str:
    """`model.h` for the model that Verilator wrote to `folder`, its ports named s0, s1, ...."""
    clocks = {clock.signal: clock for clock in interface.clocks}
    index = {signal.name: i for i, signal in enumerate(interface.signals)}
    places = [
        f"    signals[{i}].place = reinterpret_cast<uint8_t*>(&model.s{i}); "
        f"signals[{i}].bytes = {_bytes(signal.width)}; signals[{i}].width = {signal.width};"
        for i, signal in enumerate(interface.signals)
    ]
    for k, clock in enumerate(interface.clocks):
        place, idle = index[clock.signal], clock.idle
        places.append(f"    clocks[{k}].signal = {place}; clocks[{k}].idle = {idle};")
    inputs = [s.direction == "input" and s.name not in clocks for s in interface.signals]
    idle_values = [interface.idle_value(s.name) for s in interface.signals]
    transient, safe = _state_of(folder)
    visits = [f"    visit(model.rootp->vlSymsp->{place});" for place in transient]
    widest = max((s.width for s in interface.signals), default=1)
    return "\n".join(
        (
            "#pragma once",
            f"#define HAS_TIMING {int(timing)}",
            f'#include "{PREFIX}.h"',
            f'#include "{PREFIX}___024root.h"',
            f'#include "{PREFIX}__Syms.h"',
            f"using Model = {PREFIX};",
            f"using Syms = {PREFIX}__Syms;",
            f"constexpr int N_SIGNALS = {len(interface.signals)};",
            f"constexpr int N_CLOCKS = {len(interface.clocks)};",
            f"constexpr int MAX_WORDS = {(widest + 31) // 32};",
            f"constexpr int SNAPSHOTS_SAFE = {int(safe)};",
            f"constexpr bool IS_INPUT[] = {{{_list(inputs)}}};",
            f"constexpr uint32_t IDLE[] = {{{_list(idle_values)}}};",
            "template <class Signals, class Clocks>",
            "void bind_signals(Model& model, Signals& signals, Clocks& clocks) {",
            *places,
            "}",
            "template <class Visit>",
            "void each_transient(Model& model, Visit visit) {",
            *visits,
            "}",
            "",
        )
    )


def _bytes(width: int) -> int:
    for bits in (8, 16, 32, 64):
        if width <= bits:
            return bits // 8
    return (width + 31) // 32 * 4


def _list(values: list[bool] | list[int]) -> str:
    return ", ".join(str(int(value)) for value in (*values, 0))


def _state_of(folder: Path) -> tuple[list[str], bool]:
    """Members that keep their memory across a restore, and whether snapshots are safe."""
    queues: dict[str, list[str]] = {}
    safe = True
    for header in sorted(folder.glob(f"{PREFIX}*.h")):
        text = header.read_text(encoding="utf-8", errors="replace")
        if header.name == f"{PREFIX}__Syms.h":
            instances = _INSTANCE.findall(text)
            continue
        state = "\n".join(
            line for line in text.splitlines() if ";" in line and "(" not in line.split("<")[0]
        )
        safe = safe and not _OWNING.search(state)
        found = _CLASS.search(text)
        if found:
            queues[found[1]] = _TRANSIENT.findall(text)
    transient = [
        f"{member}.{queue}" for kind, member in instances for queue in queues.get(kind, ())
    ]
    return transient, safe
