"""slang's diagnostics as our errors and warnings.

What Verilator 5 accepts is a warning here even where slang, by the letter of the standard, says
error, and what it rejects is an error even where slang is content to warn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyslang import Diagnostic, DiagnosticEngine, DiagnosticSeverity, SourceLocation, SourceManager

from benchwright_sim.errors import Location, SourceError

MAX_DETAILS = 20
_TOLERATED = frozenset({"MissingTimeScale", "BlockingInAlwaysFF", "DuplicateDefinition"})
_REJECTED = frozenset(
    {
        "CannotIndexScalar",
        "ParameterDoesNotExist",
        "Redefinition",
        "RedefinitionDifferentType",
        "UnknownSystemName",
    }
)
_SERIOUS = frozenset({DiagnosticSeverity.Error, DiagnosticSeverity.Fatal})
_QUIET = frozenset({"NewlineEOF", "NoTopModules", "InvalidUTF8Seq"})
_SILENT = frozenset({DiagnosticSeverity.Ignored, DiagnosticSeverity.Note})
_HINTS = {
    "UnknownModule": "add the file that defines it, or a filelist with -y or -v of its library",
    "CouldNotOpenIncludeFile": "add the folder of the include file with -I",
    "UnknownPackage": "add the file that defines the package",
    "UnknownDirective": "define the macro with -D, or add the file that defines it",
    "UnknownInterface": "add the file that defines the interface",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnostic: slang's name of it, where, and its text."""

    code: str
    is_error: bool
    location: Location
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


class RejectedError(SourceError):
    """slang rejects the sources; `findings` is all that it says of them."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [finding for finding in findings if finding.is_error]
        first = errors[0]
        hint = "correct the source; the other messages may follow from this"
        super().__init__(
            first.message,
            location=first.location,
            hint=_HINTS.get(first.code, hint),
            details=tuple(map(str, errors[:MAX_DETAILS])) if len(errors) > 1 else (),
        )
        self.findings = tuple(findings)


class Places:
    """Where things stand in the user's files, through macros and includes."""

    def __init__(self, manager: SourceManager) -> None:
        self._manager = manager
        self._engine = DiagnosticEngine(manager)

    def location(self, place: SourceLocation) -> Location:
        """File, line and column (in bytes, from 1) of a place in the source."""
        manager = self._manager
        if manager.isMacroLoc(place):
            place = manager.getFullyExpandedLoc(place)
        if not manager.isFileLoc(place):
            return Location(Path())
        return Location(
            Path(manager.getFullPath(place.buffer)),
            manager.getLineNumber(place),
            manager.getColumnNumber(place),
        )

    def findings(self, diagnostics: Iterable[Diagnostic]) -> tuple[Finding, ...]:
        """The diagnostics worth telling, each once, in the order given."""
        found: dict[Finding, None] = {}
        for diagnostic in diagnostics:
            code = str(diagnostic.code).removeprefix("DiagCode(").removesuffix(")")
            severity = self._engine.getSeverity(diagnostic.code, diagnostic.location)
            if code in _QUIET or severity in _SILENT:
                continue
            finding = Finding(
                code=code,
                is_error=_is_error(code, severity),
                location=self.location(diagnostic.location),
                message=self._engine.formatMessage(diagnostic),
            )
            found.setdefault(finding)
        return tuple(found)


def _is_error(code: str, severity: DiagnosticSeverity) -> bool:
    return code in _REJECTED or (severity in _SERIOUS and code not in _TOLERATED)


def raise_first_error(findings: Sequence[Finding]) -> None:
    """Raises RejectedError when one of the findings is an error."""
    if any(finding.is_error for finding in findings):
        raise RejectedError(findings)
