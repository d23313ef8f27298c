"""The filter line of the particle table: "d > 5 and circularity < 0.8", "border", "#12-20", "not edited or class = cube"."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lycurgus.core.errors import ParameterError
from lycurgus.core.measurement import DESCRIPTORS
from lycurgus.ui.panels.particles_columns import measured_value
from lycurgus.ui.panels.particles_table import Floats, ParticleTable, Truths

Filter = Callable[[ParticleTable], Truths]

EXAMPLE = "write for instance d > 5, circularity < 0.8, border or #12"

ALIASES = {
    **dict.fromkeys(("d", "diameter", "ecd", "size"), "equivalent_diameter"),
    **dict.fromkeys(("a",), "area"),
    **dict.fromkeys(("feret", "fmax", "length"), "feret_max"),
    **dict.fromkeys(("fmin", "width"), "feret_min"),
    **dict.fromkeys(("ar", "aspect"), "aspect_ratio"),
    **dict.fromkeys(("c", "circ"), "circularity"),
    **dict.fromkeys(("p",), "perimeter"),
    **dict.fromkeys(("mean", "intensity"), "intensity_mean"),
    **dict.fromkeys(("no", "number", "particle"), "id"),
    **dict.fromkeys(("flag",), "flags"),
}
NUMBERED = ("id", "score", *(descriptor.name for descriptor in DESCRIPTORS))
WORDED = ("class", "flags", "excluded", "image")
_DESCRIPTORS = {descriptor.name: descriptor for descriptor in DESCRIPTORS}
_LONGEST_NAME = 4

_COMPARE: dict[str, Callable[[Floats, float], Truths]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": lambda numbers, number: np.isclose(numbers, number, rtol=1e-3, atol=0),
    "!=": lambda numbers, number: ~np.isclose(numbers, number, rtol=1e-3, atol=0),
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_SPELLED = {"≤": "<=", "≥": ">=", "≠": "!=", "==": "=", "<>": "!=", "=<": "<=", "=>": ">="}
_FACTORS = {"nm": 1.0, "nm2": 1.0, "nm²": 1.0, "µm": 1e3, "μm": 1e3, "um": 1e3, "px": 1.0, "px2": 1.0, "px²": 1.0, "°": 1.0, "deg": 1.0}

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>"[^"]*"?)
      | (?P<ids>\#\s*\d+(?:\s*[-–]\s*\d+)?(?:\s*,\s*\#?\d+(?:\s*[-–]\s*\d+)?)*)
      | (?P<op><=|>=|!=|==|<>|=<|=>|[<>=≤≥≠])
      | (?P<unit_number>[-+]?(?:\d+(?:[.,]\d+)?)\s*(?:nm²|nm2|nm|µm|μm|um|px²|px2|px|°|deg)(?!\w))
      | (?P<number>[-+]?(?:\d+(?:[.,]\d+)?|\.\d+)(?:e[-+]?\d+)?(?![\w-]))
      | (?P<stop>[,;&|])
      | (?P<word>[^\s<>=≤≥≠,;"&|]+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)

Kind = Literal["quoted", "ids", "op", "number", "stop", "word"]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Kind
    text: str


def parse_filter(text: str) -> Filter | None:
    """Understand a filter line.

    Terms side by side, or joined by "and", must all hold; "or" divides alternatives, "not" or "-" turns a term round. A term is a
    comparison with a column (any descriptor, its beginning, or d, a, ar, circ ...), a range (5 < d < 10), numbers of particles (#12,
    #3-7,9) or a word that stands in flags, reason of exclusion, class or image name ("excluded" and "counted" too).

    Returns
    -------
    What tells which rows pass, or None for an empty line.

    Raises
    ------
    ParameterError
        The line cannot be understood. The filter itself raises it where nm are asked of images without a pixel size.
    """
    tokens = _tokens(text)
    if not tokens:
        return None
    groups: list[list[_Token]] = [[]]
    for token in tokens:
        if (token.kind == "word" and token.text.casefold() == "or") or token.text == "|":
            groups.append([])
        else:
            groups[-1].append(token)
    alternatives = [_Terms(group).parsed() for group in groups]
    if not all(alternatives):
        raise ParameterError("'or' needs a term on either side", hint=EXAMPLE)

    def passes(table: ParticleTable) -> Truths:
        found: Truths = np.logical_or.reduce([np.logical_and.reduce([term(table) for term in terms]) for terms in alternatives])
        return found

    return passes


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ParameterError(f"'{text[at:].strip()}' cannot be understood", hint=EXAMPLE)
        at = match.end()
        kind = match.lastgroup or "word"
        tokens.append(_Token("number" if kind == "unit_number" else kind, match.group(kind)))  # type: ignore[arg-type]
    return tokens


class _Terms:
    """Reads the tokens of one alternative."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = list(tokens)
        self._at = 0

    def parsed(self) -> list[Filter]:
        terms: list[Filter] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.kind == "stop" or (token.kind == "word" and token.text.casefold() == "and"):
                self._at += 1
                continue
            terms.append(self._term())
        return terms

    def _peek(self, ahead: int = 0) -> _Token | None:
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else None

    def _term(self) -> Filter:
        token = self._tokens[self._at]
        if token.kind == "word" and token.text.casefold() == "not":
            self._at += 1
            if self._peek() is None:
                raise ParameterError("'not' needs a term after it", hint=EXAMPLE)
            return _turned(self._term())
        if token.kind == "op":
            raise ParameterError(f"'{token.text}' needs the name of a column before it", hint=EXAMPLE)
        if token.kind == "ids":
            self._at += 1
            return _ids(token.text)
        if token.kind == "number":
            return self._number_first(token)
        if token.kind == "word" and (length := self._name_length()):
            return self._comparison(length)
        self._at += 1
        return _word(token)

    def _name_length(self) -> int:
        """Count the words from here that stand before an operator, 0 where none follows or they do not name a column."""
        for length in range(1, _LONGEST_NAME + 1):
            token = self._peek(length)
            if token is None or token.kind not in ("word", "op"):
                return 0
            if token.kind == "op":
                words = [self._tokens[self._at + place].text for place in range(length)]
                known = _resolve(" ".join(words)) is not None
                # With one word left before the operator, not knowing it is an error to be told.
                return length if known or length == 1 else 0
        return 0

    def _name(self, length: int) -> str:
        text = " ".join(self._tokens[self._at + place].text for place in range(length))
        name = _resolve(text)
        if name is None:
            raise ParameterError(f"there is no column called '{text}'", hint=EXAMPLE)
        self._at += length
        return name

    def _comparison(self, length: int) -> Filter:
        name = self._name(length)
        sign = self._sign()
        token = self._peek()
        if token is None or token.kind not in ("number", "word", "quoted"):
            raise ParameterError(f"it is not said what '{name.replace('_', ' ')} {sign}' compares with", hint=EXAMPLE)
        self._at += 1
        if name in WORDED:
            if sign not in ("=", "!="):
                raise ParameterError(f"'{name}' is a text, which '{sign}' cannot compare", hint="use = or !=")
            return _contains(name, token.text.strip('"'), wanted=sign == "=")
        if token.kind != "number":
            raise ParameterError(f"'{token.text}' is not a number", hint=EXAMPLE)
        return _compared(name, sign, token.text)

    def _number_first(self, token: _Token) -> Filter:
        """A range (5 < d < 10), a comparison the other way round (5 < d), or a lone number, which is looked for as a word."""
        following = self._peek(1)
        if following is None or following.kind != "op":
            self._at += 1
            return _word(token)
        self._at += 1
        sign = _MIRRORED[self._sign()]
        length = 0
        while length < _LONGEST_NAME and (word := self._peek(length)) is not None and word.kind == "word":
            length += 1
        while length > 1 and _resolve(" ".join(self._tokens[self._at + place].text for place in range(length))) is None:
            length -= 1
        if not length:
            raise ParameterError(f"it is not said what {token.text} is compared with", hint=EXAMPLE)
        name = self._name(length)
        if name in WORDED:
            raise ParameterError(f"'{name}' is a text, which a number cannot be compared with", hint=EXAMPLE)
        first = _compared(name, sign, token.text)
        upper = self._peek()
        if upper is None or upper.kind != "op":
            return first
        second = self._upper_end(name)
        return lambda table: first(table) & second(table)

    def _upper_end(self, name: str) -> Filter:
        sign = self._sign()
        number = self._peek()
        if number is None or number.kind != "number":
            raise ParameterError(f"it is not said what '{name.replace('_', ' ')} {sign}' compares with", hint=EXAMPLE)
        self._at += 1
        return _compared(name, sign, number.text)

    def _sign(self) -> str:
        token = self._tokens[self._at]
        self._at += 1
        return _SPELLED.get(token.text, token.text)


def _resolve(text: str) -> str | None:
    """Return the column that a name, its beginning, its label or an abbreviation of it means, or None."""
    wanted = re.sub(r"[\s\-]+", "_", text.strip().casefold())
    if wanted in ALIASES:
        return ALIASES[wanted]
    names = (*NUMBERED, *WORDED)
    if wanted in names:
        return wanted
    matching = [name for name in names if name.startswith(wanted)]
    if not matching:
        return None
    # "feret" or "circularity" begins several; the table of descriptors has the usual one first.
    return matching[0]


def _compared(name: str, sign: str, text: str) -> Filter:
    match = re.fullmatch(r"([-+0-9.,e]+?)\s*([^-+0-9.,e\s][^\s]*)?", text, re.IGNORECASE)
    assert match is not None, "numbers are tokens of that form"
    unit = (match.group(2) or "").casefold()
    factor = _FACTORS.get(unit, 1.0)
    number = float(match.group(1).replace(",", ".")) * factor
    compare = _COMPARE[sign]

    def passes(table: ParticleTable) -> Truths:
        with np.errstate(invalid="ignore"):
            numbers = _numbers_in(table, name, unit)
            return compare(numbers, number) & np.isfinite(numbers)

    return passes


def _numbers_in(table: ParticleTable, name: str, unit: str) -> Floats:
    descriptor = _DESCRIPTORS.get(name)
    if not unit or descriptor is None or descriptor.dimension not in ("length", "area"):
        return table.numbers(name)
    in_px = unit.startswith("px")
    if not in_px and not table.calibrated:
        raise ParameterError("sizes in nm are not known without a pixel size", hint="compare in px, or calibrate the image")
    return table.evaluated(measured_value(descriptor, calibrated=not in_px))


def _ids(text: str) -> Filter:
    wanted: set[int] = set()
    for part in text.replace("#", "").replace("–", "-").split(","):
        first, _, last = part.partition("-")
        start, stop = int(first), int(last or first)
        wanted.update(range(min(start, stop), min(max(start, stop), 10_000_000) + 1) if last else (start,))
    ids = np.array(sorted(wanted), dtype=np.float64)
    return lambda table: np.isin(table.numbers("id"), ids)


def _word(token: _Token) -> Filter:
    text = token.text
    if token.kind == "word" and text.startswith("-") and len(text) > 1:
        return _turned(_word(_Token("word", text[1:])))
    wanted = text.strip('"').casefold().replace("_", " ")
    raw = text.strip('"').casefold()

    def passes(table: ParticleTable) -> Truths:
        return np.array([wanted in line or raw in line for line in table.searchable()], dtype=np.bool_)

    return passes


def _contains(name: str, text: str, *, wanted: bool) -> Filter:
    sought = text.casefold()

    def passes(table: ParticleTable) -> Truths:
        columns = [column.name for column in table.columns.values() if column.choice == name]
        lines = zip(*(table.texts(column) for column in columns), strict=True) if columns else [()] * len(table)
        return np.array([any(sought in cell.casefold() for cell in line) == wanted for line in lines], dtype=np.bool_)

    return passes


def _turned(term: Filter) -> Filter:
    return lambda table: ~term(table)
