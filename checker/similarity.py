"""Pairs of similar submissions of a class: something to look at, never a verdict.

Code becomes words, without imports, comments, docstrings, brackets, commas and the lines of the template; a name that the
submission gives is ``N``, a text that is no name ``S``. Every run of words is hashed, and winnowing keeps some of the
hashes: Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003. What was
measured, and the choices that it led to, stand in docs/similarity.md; tests/test_similarity.py holds them.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import keyword
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from checker.evidence import Place
from checker.protocol import Block

# words in a run, and runs of which one is kept: whatever 11 words two submissions share is found. A layer is 5 words, so
# that the layers that a lab dictates are no run, but two of them with what stands between
GRAM, WINDOW = 8, 4
# the least share that is told: solutions written apart have 0.39 at most, copies rewritten ten times over 0.54 or more
SHARE = 0.5
# the fewest fingerprints in common, some ten lines: of a handful that is nobody else's, half is soon shared by chance
LEAST = 16
# in more than this part of the class, and in more than so many submissions, a fingerprint is the lab's and nobody's own
COMMON, FEW = 0.05, 8
# the most pairs that are told
MOST = 200
# what bounds memory and time: submissions set beside all others at once, and places of one run in side_by_side
SLICE, PLACES = 256, 16
LAYOUT = frozenset({tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE})
KINDS = LAYOUT | {tokenize.NAME, tokenize.NUMBER, tokenize.STRING, tokenize.OP}
LEFT_OUT = frozenset(",()[]{};")
BUILTIN = frozenset(dir(builtins))
IMPORT = re.compile(r"^[ \t]*(?:import|from)\b(?:\\\n|[^\n(])*(?:\([^)]*\))?", re.MULTILINE)
FIELD = re.compile(r"\.(\w+)[ \t]*=(?!=)")
TEXT = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')(.*)\1", re.DOTALL)
HASH = np.dtype("<u8")
FOUND = np.dtype([("hash", HASH), ("first", "<u4"), ("last", "<u4")])
Hashes = npt.NDArray[np.uint64]
Blocks = Sequence[Block]
Token = tokenize.TokenInfo


class Prints(msgspec.Struct, frozen=True):
    """What is kept of one submission, some 3 kB.

    ``fingerprints`` is an array of ``FOUND``: a hash, and the first and the last line where it stands, counted from 1
    through all blocks of the submission (see ``places``). ``lines`` are the hashes of all lines: a template's are known
    by them.
    """

    fingerprints: bytes
    lines: bytes


class Pair(msgspec.Struct, frozen=True):
    """Two submissions: of the own fingerprints of the smaller one, the other has ``share`` (0 to 1), which are ``shared``.

    ``lines_one`` and ``lines_other`` are the numbers of lines that they cover in each.
    """

    one: str
    other: str
    share: float
    lines_one: int
    lines_other: int
    shared: tuple[int, ...]


class Region(msgspec.Struct, frozen=True):
    """A stretch that both have: its first and last line in each, counted as in ``Prints``."""

    one: tuple[int, int]
    other: tuple[int, int]


class Word(NamedTuple):
    """A word of the code, and its line, counted as in ``Prints``."""

    text: str
    line: int


def prints_of(blocks: Blocks, template: Prints | None) -> Prints:
    """The fingerprints of a submission without the lines of ``template``: the prints of all code that was handed out.

    Code that Python cannot read is taken as far as it goes.
    """
    sections, lines = _read(blocks, template)
    kept = [
        (grams[at], words[at].line, words[at + GRAM - 1].line)
        for words, grams in ((words, _grams(words)) for words in sections)
        for at in _winnowed(grams)
    ]
    return Prints(np.array(kept, FOUND).tobytes(), np.array(sorted(lines), HASH).tobytes())


def pairs(prints: Iterable[tuple[str, Prints]], *, share: float = SHARE, most: int = MOST) -> list[Pair]:
    """The pairs of a class that are alike by at least ``share``, at most ``most``, the most similar first."""
    known = sorted(prints, key=lambda each: each[0])
    if not known:
        return []
    hashes = [np.unique(np.frombuffer(each.fingerprints, FOUND)["hash"]) for _name, each in known]
    values, counts = np.unique(np.concatenate(hashes), return_counts=True)
    common = values[counts > max(FEW, COMMON * len(known))]
    own = [each[~np.isin(each, common)] for each in hashes]
    found = []
    for part, _count, one, other in sorted(_alike(own, share), key=lambda each: (-each[0], -each[1], each))[:most]:
        shared = np.intersect1d(own[one], own[other])
        (left, mine), (right, its) = known[one], known[other]
        lines = _covered(mine, shared), _covered(its, shared)
        found.append(Pair(left, right, part, *lines, tuple(shared.tolist())))
    return found


def side_by_side(one: Blocks, other: Blocks, pair: Pair, template: Prints | None = None) -> list[Region]:
    """The stretches that both have, in the order of ``one``, where none overlap.

    Each grows from a fingerprint of ``pair`` as far as the words agree.
    """
    there: dict[int, list[tuple[list[Word], int]]] = {gram: [] for gram in pair.shared}
    for words in _read(other, template)[0]:
        for start, gram in enumerate(_grams(words)):
            if gram in there:
                there[gram].append((words, start))
    regions = []
    for words in _read(one, template)[0]:
        done = 0
        for start, gram in enumerate(_grams(words)):
            if start >= done and there.get(gram):
                grown = (_grown(words, start, done, *at) for at in there[gram][:PLACES])
                done, region = max(grown, key=lambda each: each[0])
                regions.append(region)
    return regions


def places(blocks: Blocks) -> list[Place]:
    """Where each line stands that is counted through all blocks, the first of them at index 0."""
    return [Place(each.file, line + 1, each.cell) for each in blocks for line in range(each.code.count("\n") + 1)]


def _read(blocks: Blocks, template: Prints | None) -> tuple[list[list[Word]], set[int]]:
    """The words, each function of the top level for itself, so that no order matters; the hashes of the lines."""
    known = frozenset(np.frombuffer(template.lines, HASH).tolist()) if template else frozenset()
    sections: list[list[Word]] = [[]]
    lines: set[int] = set()
    names = _names("\n".join(block.code for block in blocks))
    before = 0
    for block in blocks:
        tokens = list(_tokens(block.code))
        hashed = _lines(tokens)
        lines.update(hashed.values())
        for begins, statement in _statements(tokens):
            if begins:
                sections.append([])
            words = _spelled(statement, names)
            sections[-1] += (Word(text, before + line) for text, line in words if hashed[line] not in known)
        before += block.code.count("\n") + 1
    return sections, lines


def _tokens(code: str) -> Iterator[Token]:
    with contextlib.suppress(tokenize.TokenError, SyntaxError, ValueError):
        yield from (each for each in tokenize.generate_tokens(io.StringIO(code).readline) if each.type in KINDS)


def _names(code: str) -> dict[str, str]:
    """What is imported, with its real name ("*" where a module's names are, all of them), and attributes, which are N."""
    names = {"." + field: "N" for field in FIELD.findall(code)}
    for statement in IMPORT.findall(code):
        with contextlib.suppress(SyntaxError, ValueError):
            for node in ast.walk(ast.parse(statement.strip())):
                if isinstance(node, ast.alias):
                    names[node.asname or node.name.partition(".")[0]] = node.name.rpartition(".")[2]
    return names


def _lines(tokens: Iterable[Token]) -> dict[int, int]:
    """The hash of each line of a block as it is written, but for blanks, comments and quotes."""
    texts: dict[int, list[str]] = {}
    for token in tokens:
        match = TEXT.fullmatch(token.string)
        if token.type not in LAYOUT:
            texts.setdefault(token.start[0], []).append(match[2] if match else token.string)
    return {line: _hashed(text) for line, text in texts.items()}


def _statements(tokens: Iterable[Token]) -> Iterator[tuple[bool, list[Token]]]:
    """Each statement that counts, and whether a section begins with it: a function, or what follows one."""
    depth, inside = 0, False
    line: list[Token] = []
    for token in tokens:
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            depth += 1 if token.type == tokenize.INDENT else -1
        elif token.type != tokenize.NEWLINE:
            line.append(token)
        elif line:
            first = line[0].string
            if first not in ("import", "from") and any(each.type != tokenize.STRING for each in line):
                yield not depth and (inside or first in ("def", "class", "async", "@")), line
                inside = depth > 0
            line = []
    if line:
        yield False, line


def _spelled(statement: Sequence[Token], names: Mapping[str, str]) -> Iterator[Word]:
    """The words of a statement, with their lines in the block."""
    texts = ["", *(each.string for each in statement), ""]
    brackets, module = 0, False
    for before, token, after in zip(texts, statement, texts[2:], strict=False):
        text = token.string
        if token.type == tokenize.NAME and not keyword.iskeyword(text):
            # keras.layers.Dense, layers.Dense and Dense are the same
            module = after == "." and (module if before == "." else text in names)
            if before == ".":
                text = names.get("." + text, text)
            elif not (after == "=" and brackets and texts[1] != "def"):
                known = text in BUILTIN or ("*" in names and text[0].isupper() and after == "(")
                text = names.get(text, text if known else "N")
        elif token.type == tokenize.OP:
            brackets += (text in "([{") - (text in ")]}")
        elif token.type in (tokenize.NUMBER, tokenize.STRING):
            text = _literal(text)
        if not (text in LEFT_OUT or (module and (text == "." or token.type == tokenize.NAME))):
            yield Word(text, token.start[0])


def _literal(text: str) -> str:
    """A number, however it is written; the text of a string that is a name, as ``relu`` is."""
    if match := TEXT.fullmatch(text):
        return match[2] if match[2].isidentifier() else "S"
    with contextlib.suppress(ValueError):
        return f"{float(text):g}"
    return text


def _hashed(texts: Iterable[str]) -> int:
    return int.from_bytes(blake2b("\n".join(texts).encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _grams(words: Sequence[Word]) -> list[int]:
    """The hash of each run of ``GRAM`` words."""
    texts = [each.text for each in words]
    return [_hashed(texts[start : start + GRAM]) for start in range(len(words) - GRAM + 1)]


def _winnowed(grams: Sequence[int]) -> list[int]:
    """Where the least hash of each window stands, the last one of equals; each place once."""
    starts = range(max(1, len(grams) - WINDOW + 1)) if grams else ()
    windows = (range(start, min(start + WINDOW, len(grams))) for start in starts)
    return [at for at, _ in groupby(min(each, key=lambda at: (grams[at], -at)) for each in windows)]


def _alike(hashes: Sequence[Hashes], share: float) -> Iterator[tuple[float, int, int, int]]:
    """Share, shared fingerprints and numbers of any two that are alike, by an inverted index: a table times itself."""
    from scipy import sparse

    sizes = np.array([len(each) for each in hashes], np.int64)
    values, columns = np.unique(np.concatenate(hashes), return_inverse=True)
    table = sparse.csr_array((np.ones_like(columns), columns, [0, *np.cumsum(sizes)]), (len(sizes), len(values)))
    for start in range(0, len(sizes), SLICE):
        product = (table[start : start + SLICE] @ table.T).tocoo()
        one, other = product.row + start, product.col
        parts = product.data / np.minimum(sizes[one], sizes[other])
        for each in np.flatnonzero((one < other) & (product.data >= LEAST) & (parts >= share)):
            yield float(parts[each]), int(product.data[each]), int(one[each]), int(other[each])


def _covered(prints: Prints, shared: Hashes) -> int:
    """The number of lines from the first to the last of each of these fingerprints."""
    found = np.frombuffer(prints.fingerprints, FOUND)
    chosen = found[np.isin(found["hash"], shared)].tolist()
    return len({line for _hash, first, last in chosen for line in range(first, last + 1)})


def _grown(words: Sequence[Word], start: int, done: int, there: Sequence[Word], at: int) -> tuple[int, Region]:
    """The word where the region around a run common to both ends, and the region, which begins at ``done`` or later."""
    back = 0
    while start - back > done and at > back and words[start - back - 1].text == there[at - back - 1].text:
        back += 1
    on = GRAM
    while start + on < len(words) and at + on < len(there) and words[start + on].text == there[at + on].text:
        on += 1
    mine = words[start - back].line, words[start + on - 1].line
    return start + on, Region(mine, (there[at - back].line, there[at + on - 1].line))
