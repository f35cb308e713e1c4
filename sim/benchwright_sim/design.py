"""What the user gave: sources, include folders, defines, parameters, top."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Design:
    """A set of sources, not yet elaborated. All paths are absolute.

    Attributes:
        root: common parent folder of the sources; bins name files relative to it.
        sources: in compilation order.
        include_dirs: searched for `include` files, in order.
        defines: (name, value) of preprocessor macros; value `""` for a bare define.
        parameters: (name, value as SystemVerilog text) overrides of the top's parameters.
        library_dirs: `-y` folders, searched for modules that the sources do not define.
        library_files: `-v` files, of which only modules that are needed are taken.
        library_extensions: of files in `library_dirs`, with the dot.
        top: name of the top module, None when it is to be found.
        clocks: (signal, edge) that the user declares, overriding what is inferred.
        resets: (signal, active level) that the user declares, overriding what is inferred.
    """

    root: Path
    sources: tuple[Path, ...]
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    library_dirs: tuple[Path, ...] = ()
    library_files: tuple[Path, ...] = ()
    library_extensions: tuple[str, ...] = (".v", ".sv")
    top: str | None = None
    clocks: tuple[tuple[str, str], ...] = ()
    resets: tuple[tuple[str, int], ...] = ()
