"""Explanations in words: a paragraph for people, a short condition for prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchwright_agent.explain.explanation import ConeEntry, Explanation, Guard, Near, Seen, Way

_MAX_NAMES = 6
_MAX_SHORT = 240
_FEW_BITS = 3


def paragraph(bare: Explanation) -> Explanation:
    """The explanation with its text."""
    sentences = [_condition(bare)]
    if bare.note:
        sentences.append(f"{bare.note[0].upper()}{bare.note[1:]}.")
    never = next((g for way in bare.ways[:1] for g in way.guards if g.constant is False), None)
    if never is not None:
        sentences.append(f"`{never.wish}` never holds: it depends on constants alone.")
    sentences.extend(_run(way) for way in bare.ways[:1])
    sentences.append(_depends(bare.cone))
    return replace(bare, text=" ".join(sentence for sentence in sentences if sentence))


def short(explanation: Explanation) -> str:
    """The condition in a line, with what came nearest; the note where there is none."""
    texts = [text for way in explanation.ways[:2] if (text := _short_way(way))]
    text = " or ".join(dict.fromkeys(texts)) or explanation.note
    if texts and explanation.note.startswith("`"):
        text = f"{text}; {explanation.note}"
    return text if len(text) <= _MAX_SHORT else f"{text[: _MAX_SHORT - 4]} ..."


def missed(way: Way) -> tuple[Guard, Seen] | None:
    """The first guard that a run reached and never saw as wanted."""
    return next(
        (
            (guard, seen)
            for guard, seen in zip(way.guards, way.seen, strict=False)
            if seen is not None and seen.met == 0
        ),
        None,
    )


def nearness(guard: Guard, seen: Seen) -> str:
    """How near a guard came, in a few words; empty when nothing is known."""
    for near in seen.near:
        if near.distance:
            return _near(near) if near.text == guard.wish else f"`{near.text}` {_near(near)}"
    parts = []
    for values in seen.values[:3]:
        if values.low == values.high:
            parts.append(f"{values.name} was always {values.names[0]}")
        elif values.complete:
            parts.append(f"{values.name} was {', '.join(values.names)}")
        else:
            parts.append(f"{values.name} was {values.low} to {values.high}")
    return "; ".join(parts)


def _near(near: Near) -> str:
    few = f", {near.bits} bit{'s' if near.bits > 1 else ''} at best"
    bits = few if near.bits <= _FEW_BITS < near.distance else ""
    return f"nearest {near.left} against {near.right}, {near.distance} away{bits}"


def _condition(explanation: Explanation) -> str:
    if not explanation.ways:
        return "" if explanation.note else "It could not be explained."
    first = explanation.ways[0]
    if first.text:
        more = len(explanation.ways) - 1
        others = f" (and {more} further way{'s' if more > 1 else ''})" if more else ""
        needs = f", which needs `{first.wish}`" if first.wish else ""
        return f"It takes `{first.text}` at {first.location}{needs}{others}."
    return f"It takes `{first.wish}`." if first.wish else ""


def _run(way: Way) -> str:
    """What a run saw on the way, up to the guard that stopped it."""
    if not way.seen:
        return ""
    found = missed(way)
    if found is None:
        return "" if None in way.seen else "In the run each condition held at some time."
    guard, seen = found
    if not seen.missed:
        return f"The run never came to the point where `{guard.wish}` is tested."
    near = nearness(guard, seen)
    there = f"`{guard.wish}` never held in {seen.missed} samples where the conditions before it did"
    return f"In the run {there}{': ' + near if near else ''}."


def _depends(cone: Sequence[ConeEntry]) -> str:
    if not cone:
        return ""
    inputs = [entry.name for entry in cone if entry.kind == "input"]
    registers = [entry.name for entry in cone if entry.kind == "register"]
    parts = [
        f"{noun} {_names(names)}"
        for noun, names in (("inputs", inputs), ("registers", registers))
        if names
    ]
    return f"It depends on {' and '.join(parts)}."


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MAX_NAMES])
    return shown if len(names) <= _MAX_NAMES else f"{shown} and {len(names) - _MAX_NAMES} more"


def _short_way(way: Way) -> str:
    found = missed(way)
    near = nearness(*found) if found is not None else ""
    wish = way.wish or (f"when `{way.text}` runs" if way.text else "")
    return f"{wish} ({near})" if near and wish else wish
