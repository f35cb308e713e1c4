"""Words that no design to train on has: other languages, projects' prefixes, inventions.

Used in the split "names" only. Each design draws one scheme and keeps to it.
"""

from __future__ import annotations

import random

LANGUAGES: dict[str, dict[str, str]] = {
    "german": {
        "clock": "takt", "reset": "ruecksetzen", "enable": "freigabe", "data": "daten",
        "in": "ein", "out": "aus", "write": "schreib", "read": "lese", "address": "adresse",
        "valid": "gueltig", "ready": "bereit", "start": "anfang", "done": "fertig",
        "busy": "belegt", "error": "fehler", "full": "voll", "empty": "leer", "count": "zaehler",
        "load": "laden", "value": "wert", "state": "zustand", "next": "folge", "select": "wahl",
        "result": "ergebnis", "sum": "summe", "request": "anfrage", "grant": "zuteilung",
        "limit": "grenze", "threshold": "schwelle", "shift": "schiebe", "amount": "betrag",
        "mode": "betriebsart", "key": "schluessel", "lock": "sperre", "timer": "uhr",
        "level": "pegel", "operand": "glied", "low": "unten", "high": "oben", "idle": "ruhe",
    },
    "finnish": {
        "clock": "kello", "reset": "nollaus", "enable": "salli", "data": "tieto",
        "in": "sisaan", "out": "ulos", "write": "kirjoita", "read": "lue", "address": "osoite",
        "valid": "kelpaa", "ready": "valmis", "start": "aloita", "done": "loppu",
        "busy": "varattu", "error": "virhe", "full": "taysi", "empty": "tyhja", "count": "laskuri",
        "load": "lataa", "value": "arvo", "state": "tila", "next": "seuraava", "select": "valitse",
        "result": "tulos", "sum": "kertyma", "request": "pyynto", "grant": "lupa",
        "limit": "raja", "threshold": "kynnys", "shift": "siirto", "amount": "maara",
        "mode": "tapa", "key": "avain", "lock": "lukko", "timer": "ajastin", "level": "taso",
        "operand": "luku", "low": "ala", "high": "yla", "idle": "lepo",
    },
    "spanish": {
        "clock": "reloj", "reset": "reinicio", "enable": "habilita", "data": "dato",
        "in": "entrada", "out": "salida", "write": "escribe", "read": "lectura",
        "address": "direccion", "valid": "vigente", "ready": "listo", "start": "inicio",
        "done": "hecho", "busy": "ocupado", "error": "fallo", "full": "lleno", "empty": "vacio",
        "count": "cuenta", "load": "carga", "value": "valor", "state": "estado",
        "next": "siguiente", "select": "elige", "result": "resultado", "sum": "suma",
        "request": "peticion", "grant": "permiso", "limit": "tope", "threshold": "umbral",
        "shift": "desplaza", "amount": "cantidad", "mode": "modo", "key": "clave",
        "lock": "cerrojo", "timer": "temporizador", "level": "nivel", "operand": "termino",
        "low": "bajo", "high": "alto", "idle": "reposo",
    },
    "swahili": {
        "clock": "saa", "reset": "anzisha", "enable": "ruhusu", "data": "habari",
        "in": "ingia", "out": "toka", "write": "andika", "read": "soma", "address": "anwani",
        "valid": "halali", "ready": "tayari", "start": "mwanzo", "done": "kwisha",
        "busy": "shughuli", "error": "kosa", "full": "jaa", "empty": "tupu", "count": "hesabu",
        "load": "pakia", "value": "thamani", "state": "hali", "next": "ijayo", "select": "chagua",
        "result": "matokeo", "sum": "jumla", "request": "ombi", "grant": "kibali",
        "limit": "mpaka", "threshold": "kizingiti", "shift": "sogeza", "amount": "kiasi",
        "mode": "namna", "key": "ufunguo", "lock": "kufuli", "timer": "kipimo",
        "level": "ngazi", "operand": "namba", "low": "chini", "high": "juu", "idle": "pumziko",
    },
}  # fmt: skip

_FILLERS = (
    *("upstream", "downstream", "arbitrated", "qualified", "registered", "synchronised"),
    *("provisional", "northbound", "consolidated", "peripheral", "telemetry", "subsystem"),
)
_ENDINGS = (
    *("indicator", "observation", "descriptor", "qualifier", "assertion", "notification"),
    *("snapshot", "reference", "designation", "selector", "magnitude", "condition"),
)
_ONSETS = (*"bdfgjklmnprstvz", "br", "dr", "gl", "kr", "pl", "sk", "tr", "zh")
_VOWELS = (*"aeiou", "ai", "eo", "ou")
_CODAS = ("", "", "n", "r", "x", "lk", "sh")
_PREFIXES = ("zq", "hx", "qv", "ymr", "dvk", "brz", "oxo", "wlf", "pnt", "juno", "k9", "t1000")


class Foreign:
    """Words for one design, by one scheme."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._scheme = rng.choice((*LANGUAGES, "invented", "prefixed", "compound"))
        self._prefix = rng.choice(_PREFIXES)
        self._invented: dict[str, str] = {}

    def words(self, role: str) -> tuple[str, ...]:
        """Words for a role, that of one scheme."""
        words = role.split()
        match self._scheme:
            case "invented":
                return (self._invent(role),)
            case "prefixed":
                return (self._prefix, *words)
            case "compound":
                rng = self._rng
                return (rng.choice(_FILLERS), *words, rng.choice(_ENDINGS))
            case language:
                known = LANGUAGES[language]
                return tuple(known.get(word) or self._invent(word) for word in words)

    def _invent(self, word: str) -> str:
        """A pronounceable word, the same for the same word."""
        rng = self._rng
        if word not in self._invented:
            self._invented[word] = "".join(
                rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.choice((2, 2, 3)))
            ) + rng.choice(_CODAS)
        return self._invented[word]
