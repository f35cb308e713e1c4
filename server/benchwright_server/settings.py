"""Settings: what a client may choose, under `benchwright.` in its own configuration.

A value that is no legal one costs itself: it is told once, and the default stays. A key that only
an editor's extension reads is none of ours; any other unknown key is told as well, since a misspelt
setting that does nothing is a riddle. Nested objects and dotted keys (`hints.enabled`) are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, cast

CheckOn = Literal["onType", "onSave", "off"]

SECTION = "benchwright"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose.

    Attributes:
        budget_s: seconds that a search may take.
        model_budget_s: seconds that a model may take after it.
        use_model: whether a model is asked at all.
        seed: of everything random.
        output: name of a testbench beside its design; `{top}` is the top module.
        open_testbench: whether a new testbench is shown.
        parallel_runs: how many runs there may be at once.
        keep_on_cancel: whether a cancelled run keeps the best that it has.
        hints_enabled: inlay hints.
        hints_covered: also on lines that are covered.
        hints_toggles: also of toggles.
        fade: never executed code is faded.
        lenses: code lenses on modules.
        hover: bins of a line on hovering.
        diagnostics: when a design is elaborated to find what is wrong with it.
        uncovered_diagnostics: open bins as diagnostics.
        coverage_files: globs of coverage.dat files of other flows, from the workspace folder.
        waivers: name of the waiver file, from the workspace folder.
        filelists: of the design, from the workspace folder, as all that follow.
        sources: files or folders.
        include_dirs: searched for included files.
        defines: values of macros by name.
        parameters: values of the top's parameters by name.
        top: name of the top module, empty when it is to be found.
    """

    budget_s: float = 20.0
    model_budget_s: float = 60.0
    use_model: bool = True
    seed: int = 1
    output: str = "tb_{top}.sv"
    open_testbench: bool = True
    parallel_runs: int = 1
    keep_on_cancel: bool = False
    hints_enabled: bool = True
    hints_covered: bool = True
    hints_toggles: bool = False
    fade: bool = True
    lenses: bool = True
    hover: bool = True
    diagnostics: CheckOn = "onType"
    uncovered_diagnostics: bool = True
    coverage_files: tuple[str, ...] = ()
    waivers: str = "waivers.toml"
    filelists: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    include_dirs: tuple[str, ...] = ()
    defines: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    top: str = ""


def read_settings(data: object) -> tuple[Settings, tuple[str, ...]]:
    """The settings that a client sent, and one sentence for each that cannot be used."""
    if data is None:
        return Settings(), ()
    if not isinstance(data, Mapping):
        return Settings(), (f"the settings under `{SECTION}` must be an object, not {data!r}",)
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for key, value in _flat(data).items():
        if value is None or key.partition(".")[0] in _OF_EXTENSIONS:
            continue
        if key not in _READERS:
            warnings.append(f"unknown setting `{SECTION}.{key}`{_meant(key)}")
            continue
        name, read = _READERS[key]
        try:
            values[name] = read(value)
        except ValueError as error:
            warnings.append(f"setting `{SECTION}.{key}`: {error}; the default is used")
    return Settings(**values), tuple(warnings)


def _flat(data: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted keys of nested objects; `defines` and `parameters` are values themselves."""
    flat: dict[str, Any] = {}
    for name, value in data.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and key not in _READERS:
            flat.update(_flat(value, f"{key}."))
        else:
            flat[key] = value
    return flat


def _meant(key: str) -> str:
    close = get_close_matches(key, _READERS, n=1)
    return f"; did you mean `{SECTION}.{close[0]}`?" if close else ""


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is not legal; write true or false")


def _number(low: float, high: float, *, whole: bool = False) -> Callable[[object], float]:
    def read(value: object) -> float:
        legal = isinstance(value, int | float) and not isinstance(value, bool)
        if not legal or not low <= cast("float", value) <= high:
            raise ValueError(f"{value!r} is not legal; write a number from {low:g} to {high:g}")
        if whole and cast("float", value) != int(cast("float", value)):
            raise ValueError(f"{value!r} is not legal; write a whole number")
        return int(cast("float", value)) if whole else float(cast("float", value))

    return read


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{value!r} is not legal; write a string")
    return value


def _output(value: object) -> str:
    text = _text(value)
    rest = text.replace("{top}", "")
    if not rest.strip() or set("{}\n\r") & set(rest) or not text.endswith((".sv", ".v")):
        raise ValueError(f"{value!r} is not legal; write a file name such as tb_{{top}}.sv")
    return text


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'{value!r} is not legal; write a list of strings, ["a", "b"]')
    return tuple(_text(item) for item in value)


def _table(value: object) -> dict[str, str]:
    scalars = (str, int, float, type(None))
    if not isinstance(value, Mapping) or not all(isinstance(v, scalars) for v in value.values()):
        raise ValueError(f'{value!r} is not legal; write an object of values, {{"WIDTH": 8}}')
    return {str(name): _scalar(item) for name, item in value.items()}


def _scalar(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool | int) else str(value)


def _check_on(value: object) -> CheckOn:
    if value not in ("onType", "onSave", "off"):
        raise ValueError(f"{value!r} is not legal; write onType, onSave or off")
    return value


_READERS: dict[str, tuple[str, Callable[[object], object]]] = {
    "budget": ("budget_s", _number(0.1, 86_400)),
    "modelBudget": ("model_budget_s", _number(0, 86_400)),
    "useModel": ("use_model", _flag),
    "seed": ("seed", _number(0, 2**63 - 1, whole=True)),
    "output": ("output", _output),
    "openTestbench": ("open_testbench", _flag),
    "parallelRuns": ("parallel_runs", _number(1, 64, whole=True)),
    "keepOnCancel": ("keep_on_cancel", _flag),
    "hints.enabled": ("hints_enabled", _flag),
    "hints.covered": ("hints_covered", _flag),
    "hints.toggles": ("hints_toggles", _flag),
    "fade": ("fade", _flag),
    "lenses": ("lenses", _flag),
    "hover": ("hover", _flag),
    "diagnostics": ("diagnostics", _check_on),
    "uncoveredDiagnostics": ("uncovered_diagnostics", _flag),
    "coverageFiles": ("coverage_files", _texts),
    "waivers": ("waivers", _text),
    "filelists": ("filelists", _texts),
    "sources": ("sources", _texts),
    "includeDirs": ("include_dirs", _texts),
    "defines": ("defines", _table),
    "parameters": ("parameters", _table),
    "top": ("top", _text),
}

_OF_EXTENSIONS = {"path", "interpreter", "coverage", "trace", "model", "trusted"}
"""First parts of keys that an editor's extension reads, not the server."""
