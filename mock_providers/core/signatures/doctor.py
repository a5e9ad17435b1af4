"""
The signature doctor: given a signature that was refused, finds out what was signed instead, and says so to people.

Nothing is claimed on suspicion. A provider's folder offers the strings that a caller may have signed, each with what
would have been done wrong; one is believed when the received signature covers it. Knows no vendor, no algorithm and no
parameter, and works only on refused exchanges, within a budget.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from itertools import combinations, islice
from pathlib import Path
from typing import Protocol, Self, TypeVar

from mock_providers.core.wire.journal import RawRequest
from mock_providers.errors import Undiagnosable

_AROUND = 24


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages of the house."""

    en: str
    zh: str

    def as_json(self) -> dict[str, str]:
        """Both."""
        return {"en": self.en, "zh": self.zh}


@dataclass(frozen=True, slots=True)
class Cause:
    """
    One thing done wrong.

    Args:
        name: for machines, stable.
        sentence: what was done.
        next_step: what to do about it.
    """

    name: str
    sentence: Words
    next_step: Words


class Causes:
    """The causes of one folder, kept as data beside its code, so that translators need no Python."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, cause: str, /, **values: str) -> Cause:
        """The cause of that name, with *values* in the places of its sentences that stand in braces."""
        told = {key: _filled(text, values) for key, text in self.table()[cause].items()}
        return Cause(cause, Words(told["en"], told["zh"]), Words(told["next_en"], told["next_zh"]))

    def table(self) -> Mapping[str, Mapping[str, str]]:
        """Every cause as it is written."""
        return _table(self._file)


@cache
def _table(file: Path) -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


CAUSES = Causes(Path(__file__).with_name("causes.toml"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    Bytes that the caller may have signed.

    Args:
        explain: what the caller would have done wrong; nothing for the right bytes. Asked for believed ones only.
    """

    data: bytes
    explain: Callable[[], tuple[Cause, ...]] = tuple


class Cooked(Protocol):
    """A recipe: a dataclass whose fields are the steps from a message to the bytes that are signed."""

    def cooked(self) -> bytes:
        """Every step in turn."""
        ...


_Recipe = TypeVar("_Recipe", bound=Cooked)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """
    One thing done wrong.

    Args:
        cause: its name in causes.toml; `told` fills that sentence.
        steps: the steps of the recipe that it replaces.
        usual: common enough to be suspected together with another one.
    """

    cause: str
    steps: Mapping[str, object]
    usual: bool = False
    told: Mapping[str, str] | None = None

    @property
    def touches(self) -> AbstractSet[str]:
        """What it changes, so that two suspicions do not undo each other."""
        return self.steps.keys()

    def applied(self, recipe: _Recipe) -> _Recipe:
        """The recipe, gone wrong in this way."""
        return replace(recipe, **self.steps)  # type: ignore[type-var]  # a dataclass; the names are those of its fields


class Suspected(Protocol[_Recipe]):
    """A suspicion, by whatever steps its recipe is made."""

    @property
    def cause(self) -> str:
        """Its name in causes.toml."""
        ...

    @property
    def usual(self) -> bool:
        """Common enough to be suspected together with another one."""
        ...

    @property
    def told(self) -> Mapping[str, str] | None:
        """Fills the cause's sentences."""
        ...

    @property
    def touches(self) -> AbstractSet[str]:
        """What it changes."""
        ...

    def applied(self, recipe: _Recipe) -> _Recipe:
        """The recipe, gone wrong in this way."""
        ...


def candidates(right: _Recipe, suspected: Iterable[Suspected[_Recipe]], *, causes: Causes) -> Iterator[Candidate]:
    """The right bytes, then one thing wrong, then two usual things wrong at once."""
    yield Candidate(right.cooked())
    all_of_them = list(suspected)
    for one in all_of_them:
        yield _candidate(right, one, causes=causes)
    usual = [one for one in all_of_them if one.usual]
    for one, other in combinations(usual, 2):
        if one.touches.isdisjoint(other.touches):
            yield _candidate(right, one, other, causes=causes)


def _candidate(right: _Recipe, *done: Suspected[_Recipe], causes: Causes) -> Candidate:
    recipe = right
    for one in done:
        recipe = one.applied(recipe)
    return Candidate(recipe.cooked(), lambda: tuple(causes(one.cause, **(one.told or {})) for one in done))


class Seal(Protocol):
    """
    One way to read a received signature.

    `causes` are what is wrong with the signature itself if this reading is the true one.
    """

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Wrong key, wrong hash, wrong spelling; empty when only the text can be wrong."""
        ...

    @property
    def candidates_max(self) -> int:
        """How many strings are worth trying, which is few where a trial is dear."""
        ...

    def covers(self, data: bytes) -> bool:
        """Whether exactly *data* was signed."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """
    A received signature, opened as far as it goes.

    Args:
        seals: the readings to try, likeliest first.
        otherwise: what is known for certain even when no candidate is covered.
        text_matters: False where it is certain that no text can make this signature good.
        riddle: the name of the words for a signature that nothing explains.
    """

    seals: tuple[Seal, ...]
    otherwise: tuple[Cause, ...] = ()
    text_matters: bool = True
    riddle: str = "unknown"


@dataclass(frozen=True, slots=True)
class Budget:
    """How much one diagnosis may cost."""

    candidates_max: int = 2500
    bytes_max: int = 2_500_000


@dataclass(frozen=True, slots=True)
class Difference:
    """The first byte at which two strings part, with what stands there in each."""

    at: int
    built: str
    signed: str

    @classmethod
    def between(cls, built: bytes, signed: bytes, *, codec: str) -> Self:
        """Both are known to differ."""
        pairs = zip(built, signed, strict=False)
        at = next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(built), len(signed)))
        window = slice(max(at - _AROUND, 0), at + _AROUND)
        return cls(at, built[window].decode(codec, "replace"), signed[window].decode(codec, "replace"))

    def as_json(self) -> dict[str, object]:
        """For the journal."""
        return {"at": self.at, "built": self.built, "signed": self.signed}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    What was found.

    Args:
        right: the signature is good.
        causes: what is wrong, each of them certain; none means that nothing was found.
        built: the string that should have been signed.
        signed: the string that was, where it could be recovered.
        tried: how many strings were compared.
        hints: what is worth a look and proves nothing.
        riddle: the name of the words that are said when nothing was found.
    """

    right: bool
    causes: tuple[Cause, ...]
    built: str
    signed: str | None = None
    first_difference: Difference | None = None
    tried: int = 0
    hints: tuple[Words, ...] = ()
    riddle: str = "unknown"

    @property
    def sentence(self) -> Words:
        """The finding in words."""
        if self.right:
            return CAUSES("right").sentence
        return _spoken([cause.sentence for cause in self.causes] or [CAUSES(self.riddle).sentence])

    @property
    def next_step(self) -> Words:
        """What to do."""
        if self.right:
            return CAUSES("right").next_step
        return _spoken([cause.next_step for cause in self.causes] or [CAUSES(self.riddle).next_step])

    def as_json(self) -> dict[str, object]:
        """For the journal."""
        return {
            "right": self.right,
            "cause": self.causes[0].name if self.causes else None,
            "causes": [cause.name for cause in self.causes],
            "sentence": self.sentence.as_json(),
            "next": self.next_step.as_json(),
            "built": self.built,
            "signed": self.signed,
            "first_difference": None if self.first_difference is None else self.first_difference.as_json(),
            "tried": self.tried,
            "hints": [hint.as_json() for hint in self.hints],
        }


def _spoken(texts: Sequence[Words]) -> Words:
    return Words(" ".join(text.en for text in texts), "".join(text.zh for text in texts))


@dataclass(frozen=True, slots=True)
class Case:
    """
    A refused exchange, ready to be looked into.

    Args:
        candidates: beginning with the right bytes, which explain nothing.
    """

    built: str
    codec: str
    candidates: Callable[[], Iterable[Candidate]]
    hints: tuple[Words, ...] = ()


class SignatureDoctor(Protocol):
    """A vendor's doctor."""

    def examine(self, request: RawRequest, *, now: datetime | None = None) -> Diagnosis:
        """
        Look into a request, or into a notify as the merchant received it.

        Args:
            now: lets a clock that is off be hinted at.

        Raises:
            Undiagnosable: there is no signature to look into.
        """
        ...


class Patience:
    """
    How long a doctor looks at the next case: after many riddles, only at the likeliest causes.

    A caller under load repeats its mistake with every request, and whom the first hundred riddles told nothing the next
    thousand tell nothing either, while each costs the simulator some milliseconds.
    """

    def __init__(self, *, riddles_max: int = 100, candidates_max: int = 60) -> None:
        self._left = riddles_max
        self._afterwards = Budget(candidates_max=candidates_max)

    @property
    def budget(self) -> Budget:
        """For the next case."""
        return Budget() if self._left > 0 else self._afterwards

    def note(self, diagnosis: Diagnosis) -> Diagnosis:
        """Count a riddle; gives the diagnosis back."""
        if not diagnosis.right and not diagnosis.causes:
            self._left -= 1
        return diagnosis


def diagnose(case: Case, opening: Opening, *, budget: Budget | None = None) -> Diagnosis:
    """Try every reading of the signature on every candidate, within the budget."""
    found, tried = None, 0
    for seal in opening.seals:
        within = _Within(islice(case.candidates(), seal.candidates_max), budget or Budget())
        found = next((one for one in within if seal.covers(one.data)), None)
        tried = max(tried, within.tried)
        if found is not None:
            return _found(case, seal, found, tried=tried)
    hints = case.hints
    if opening.otherwise and opening.text_matters:
        hints += (CAUSES("text_differs_too").sentence,)
    return Diagnosis(
        right=False, causes=opening.otherwise, built=case.built, tried=tried, hints=hints, riddle=opening.riddle
    )


def _found(case: Case, seal: Seal, found: Candidate, *, tried: int) -> Diagnosis:
    causes = seal.causes + found.explain()
    built = next(iter(case.candidates())).data
    return Diagnosis(
        right=not causes,
        causes=causes,
        built=case.built,
        signed=found.data.decode(case.codec, "replace"),
        first_difference=None if found.data == built else Difference.between(built, found.data, codec=case.codec),
        tried=tried,
        hints=case.hints,
    )


@dataclass(slots=True)
class _Within:
    """Candidates, each text once, until the budget is spent."""

    candidates: Iterable[Candidate]
    budget: Budget
    tried: int = 0
    _seen: set[bytes] = field(default_factory=set)

    def __iter__(self) -> Iterator[Candidate]:
        spent = 0
        for candidate in self.candidates:
            if self.tried >= self.budget.candidates_max or spent > self.budget.bytes_max:
                return
            spent += len(candidate.data)
            if candidate.data not in self._seen:
                self._seen.add(candidate.data)
                self.tried += 1
                yield candidate


class Lazily:
    """
    A diagnosis that is made when it is first asked for, and once.

    A refused request costs its server nothing that way, and a reader of the journal some milliseconds.
    """

    def __init__(self, doctor: SignatureDoctor, request: RawRequest, *, now: datetime) -> None:
        self._ask: Callable[[], Diagnosis] | None = partial(doctor.examine, request, now=now)
        self._told: Mapping[str, object] | None = None

    def __call__(self) -> Mapping[str, object] | None:
        """As the journal shows it; None where the doctor has nothing to look into."""
        if self._ask is not None:
            try:
                self._told = self._ask().as_json()
            except Undiagnosable:
                self._told = None
            self._ask = None
        return self._told
