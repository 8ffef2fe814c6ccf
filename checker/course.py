"""A course folder: its labs, each with a rubric, a reference solution and a student template.

``rubric.yaml`` is validated whole before anything runs; what is wrong is told with the file and the line.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from checker.errors import CourseError
from checker.language import LANGUAGES, _
from checker.protocol import Budget

HERE = Path(__file__).parent
# the safe one, in C where PyYAML was built with it: ten times as fast
LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Strict):
    """A text in both languages."""

    fr: str
    en: str

    def as_dict(self) -> dict[str, str]:
        """``{"fr": …, "en": …}``."""
        return {language: getattr(self, language) for language in LANGUAGES}


class NameSpec(_Strict):
    """A name that a lab asks for: what it is, its parameters in the handout's order, other names it is known by.

    ``gives_model`` is for a function that builds a model when it is called without arguments.
    """

    kind: Literal["function", "model", "class", "array", "plain"]
    gives_model: bool = False
    parameters: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class CheckSpec(_Strict):
    """What a student reads for a check: its sentence, and a hint where it fails.

    ``slips`` are sentences for models of so many parameters: what was probably done, and why it is not the same.
    """

    text: Text
    hint: Text | None = None
    slips: dict[int, Text] = {}


def _is_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return value


Pattern = Annotated[str, AfterValidator(_is_pattern)]


class Explanation(_Strict):
    """What a student reads beside an error of their code: ``match`` is searched in "ending Type: message"."""

    match: Pattern
    text: Text


class QuestionSpec(_Strict):
    """A question: its points are shared among its checks."""

    id: str
    points: Annotated[float, Field(gt=0)]
    title: Text
    checks: dict[str, CheckSpec]


class BudgetSpec(_Strict):
    """What one ``fit`` may cost: images, epochs, seconds of wall time; ``top_level_samples`` outside questions."""

    samples: Annotated[int, Field(ge=1)] = 2000
    epochs: Annotated[int, Field(ge=1)] = 1
    seconds: Annotated[float, Field(gt=0)] = 60.0
    top_level_samples: Annotated[int, Field(ge=1)] = 64


class LimitSpec(_Strict):
    """Limits in seconds of wall time, and of resident memory in megabytes."""

    load: Annotated[float, Field(gt=0)] = 60.0
    statement: Annotated[float, Field(gt=0)] = 20.0
    question: Annotated[float, Field(gt=0)] = 30.0
    memory_mb: Annotated[int, Field(ge=256)] = 4096


class SweepSpec(_Strict):
    """What ``checker.sweep`` measures: the reference's functions that ``build`` a model of so many units and ``train`` it
    on images and labels, the accuracy on the test set that each answer is to ``reach``, the widths to ``record`` anyway.
    """

    build: str
    train: str
    reach: dict[str, Annotated[float, Field(gt=0, lt=1)]]
    record: tuple[int, ...] = ()


class FreeSpec(_Strict):
    """Mutants that an audit does not call mistakes, because the lab leaves the matter to the student.

    A mutant is one of them where one of ``operators`` made it, within one of the functions ``where`` (any, if there are
    none), on a line in which ``line``, a regular expression, is found, before the change or after it.
    """

    operators: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    line: Pattern = ""
    because: Text


class AuditSpec(_Strict):
    """What ``labcheck audit`` must know of a lab."""

    free: tuple[FreeSpec, ...] = ()


class Rubric(_Strict):
    """``rubric.yaml``.

    ``data`` names the sets that the lab uses, ``provides`` files of the reference's folder that a submission finds beside
    it when it does not bring them. ``input_shape``, without the batch axis, builds a model that is not built yet.
    """

    lab: str
    title: Text
    data: tuple[Literal["mnist", "pneumonia", "boston"], ...] = ("mnist",)
    provides: tuple[str, ...] = ()
    names: dict[str, NameSpec]
    fills: dict[str, Any] = {}
    input_shape: tuple[int, ...] = (28, 28, 1)
    budget: BudgetSpec = BudgetSpec()
    limits: LimitSpec = LimitSpec()
    sweep: SweepSpec | None = None
    audit: AuditSpec = AuditSpec()
    keras2_spellings: Literal["accept", "refuse"] = "accept"
    questions: tuple[QuestionSpec, ...]
    explanations: tuple[Explanation, ...] = ()
    says: dict[str, Text] = {}

    @model_validator(mode="after")
    def _unique(self) -> Rubric:
        ids = [question.id for question in self.questions]
        if len(set(ids)) < len(ids):
            raise ValueError("two questions have the same id")
        names = [name for question in self.questions for name in question.checks]
        if len(set(names)) < len(names):
            raise ValueError("two checks have the same name")
        return self

    @property
    def max_score(self) -> float:
        """All points of the lab."""
        return sum(question.points for question in self.questions)

    def question(self, wanted: str) -> QuestionSpec:
        """The question of id ``wanted``; raises CourseError, with the nearest id, where there is none."""
        for question in self.questions:
            if question.id == wanted:
                return question
        known = [question.id for question in self.questions]
        raise CourseError(
            _("no question named {name!r} in lab {lab}").format(name=wanted, lab=self.lab) + _near(wanted, known)
        )


class Lab:
    """One lab of a course: ``rubric``, and where its parts are."""

    def __init__(self, course: Path, name: str) -> None:
        self.course = course
        self.name = name

    @property
    def rubric_dir(self) -> Path:
        """The folder of ``rubric.yaml`` and the checks."""
        return self.course / "rubrics" / self.name

    @property
    def reference_dir(self) -> Path:
        """The folder of the reference solution."""
        return self.course / "reference" / self.name

    @property
    def template_dir(self) -> Path:
        """The folder of the student template."""
        return self.course / "student_template" / self.name

    @cached_property
    def rubric(self) -> Rubric:
        """The validated rubric; raises CourseError with file and line."""
        return read_rubric(self.rubric_dir / "rubric.yaml")

    @property
    def budget(self) -> Budget:
        """The rubric's budget, as the sandbox takes it."""
        spec = self.rubric.budget
        return Budget(spec.samples, spec.epochs, spec.seconds, spec.top_level_samples)

    @cached_property
    def digest(self) -> str:
        """A digest of the rubric, its checks and the reference."""
        return _digest([self.rubric_dir, self.reference_dir])

    @cached_property
    def reference_digest(self) -> str:
        """A digest of all that the reference's behaviour depends on, the data apart."""
        made = _digest([self.reference_dir, HERE / "sandbox"])
        budget = self.rubric.budget.model_dump_json()
        versions = [version(name) for name in ("labcheck", "tensorflow", "keras", "numpy")]
        return hashlib.blake2b("\0".join([made, budget, *versions]).encode(), digest_size=16).hexdigest()

    @cached_property
    def running_digest(self) -> str:
        """A digest of all that what a submission does depends on, but for itself and the data."""
        rubric = self.rubric
        kinds = ("budget", "limits", "keras2_spellings", "provides")
        settings = rubric.model_dump_json(include=set(kinds))
        provided = [(self.reference_dir / name).read_bytes().hex() for name in rubric.provides]
        versions = [version(name) for name in ("labcheck", "tensorflow", "keras", "numpy")]
        parts = [_digest([HERE / "sandbox"]), settings, *provided, *versions]
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()

    @cached_property
    def training_digest(self) -> str:
        """A digest of what the reference's trainings depend on, data and sandbox apart."""
        versions = [version(name) for name in ("tensorflow", "keras", "numpy")]
        parts = [_digest([self.reference_dir]), self.rubric.budget.model_dump_json(), *versions]
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


class Course:
    """A folder with ``rubrics/``, ``reference/`` and ``student_template/``."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "rubrics").is_dir():
            raise CourseError(
                _("this is not a course folder: it has no folder `rubrics`"),
                place=str(folder),
                remedy=_("A course has rubrics/<lab>/rubric.yaml, reference/<lab>/ and student_template/<lab>/."),
            )
        self.folder = folder

    @property
    def labs(self) -> tuple[Lab, ...]:
        """The labs, by name."""
        found = sorted(path.parent.name for path in (self.folder / "rubrics").glob("*/rubric.yaml"))
        return tuple(Lab(self.folder, name) for name in found)

    def lab(self, name: str) -> Lab:
        """The lab of that name; raises CourseError, with the nearest name, where there is none."""
        known = {lab.name: lab for lab in self.labs}
        if name not in known:
            raise CourseError(
                _("no lab named {name!r}").format(name=name) + _near(name, list(known)),
                place=str(self.folder / "rubrics"),
                remedy=_("`labcheck labs` lists the labs."),
            )
        return known[name]


def default_course() -> Course:
    """The course that labcheck carries: inside the package when installed, else the repository around it."""
    carried = HERE / "default_course"
    return Course(carried if carried.is_dir() else HERE.parent)


def read_rubric(path: Path) -> Rubric:
    """Read and validate a ``rubric.yaml``; raises CourseError with file, line and what to do."""
    try:
        text = path.read_text("utf-8")
        tree = yaml.compose(text, Loader=LOADER)
        content = yaml.load(text, Loader=LOADER)
    except OSError as error:
        raise CourseError(
            _("the rubric cannot be read: {error}").format(error=error.strerror), place=str(path)
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or error
        raise CourseError(_("not valid YAML: {problem}").format(problem=problem), place=where) from error
    try:
        return Rubric.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise CourseError(
            f"{field}: {first['msg']}" if field else first["msg"], place=f"{path}:{_line(tree, first['loc'])}"
        ) from error


def _line(node: Any, location: tuple[int | str, ...]) -> int:
    """The line (from 1) of the YAML node that ``location`` leads to, or of the last one on the way."""
    line = node.start_mark.line + 1 if node else 1
    for part in location:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == part), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
        if found is None:
            break
        node, line = found, found.start_mark.line + 1
    return int(line)


def _near(wanted: str, known: list[str]) -> str:
    close = difflib.get_close_matches(wanted, known, n=1)
    return "; " + _("did you mean {name!r}?").format(name=close[0]) if close else ""


def _digest(folders: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.name != "calibration.json":
                digest.update(f"{folder.name}/{path.relative_to(folder).as_posix()}\0".encode())
                digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()
