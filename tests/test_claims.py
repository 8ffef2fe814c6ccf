"""What a report claims is found with its place, wrong claims are told and right ones never are."""

from __future__ import annotations

import time

import pytest
from conftest import SHARED
from labs.deep_networks import CORRECTED, PRINTED

from checker.arithmetic import equations, readings
from checker.claims import claims_in, contradictions
from checker.evidence import Passage

SEED = SHARED / "seeds" / "002_3712575caf5ed0ef.txt"


def wrong(text: str, *counts: int) -> list[tuple[str, int | str, int | str]]:
    found = contradictions(claims_in([Passage(text, "report.md")]), counts)
    return [(each.kind, each.found, each.expected) for each in found]


@pytest.mark.parametrize(
    "line",
    [
        "- Pour la première couche:  $(784 * 512) + 512 = 401'920$",
        "(784 × 512) + 512 = 401 920 paramètres",
        "$784 \\times 512 + 512 = 401\\,920$",
        "(784·512) + 512 = 401\u202f920",
        "784 * 512 + 512 = 401.920",
        "407,050 = 401,920 + 5,130",
        "Nombre de poids :  $(6272 * 64) + 64$  (biais) = 401'472",
        "$(2 * 2 * 1) + 1$  (biais) = 5 Nombre total de poids :  $32 * 5 = 160$",
        "1) 14 x 14 x 32 = 6272",
        "**((2 * 2 * 32) + 1) * 32 = 4128**",
        "3 + 4 = 7 = 8 - 1",
        "Conv1 - 32 * 5 = 160",
        "$\\frac{28 - 5}{1} + 1 = 24$",
        "9 726 / 10 000 = 0,973",
        "10000 / 128 = 78",
        "1 - 0.973 = 2.7 %",
        "2^10 = 1024 et 3² * 2 = 18",
        "batch 2 784 * 512 = 401 408",
    ],
)
def test_a_right_calculation_is_right_in_any_notation(line: str) -> None:
    found = list(equations(line))
    assert found
    assert all(each.right for each in found)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("$(640 * 10) + 10 = 650$", 6410),
        ("$(32 * 3 * 3) * 256 = 294\\,912$", 73728),
        ("- 32 * 5 = 161", 160),
        ("3 × 3 × 32 = 298, puis rien", 288),
        ("401920 + 5130 = 407'060 poids", 407050),
        ("10000/128 = 80", 625 / 8),
    ],
)
def test_a_wrong_calculation_is_told_with_its_value(line: str, value: float) -> None:
    assert [float(each.value) for each in equations(line) if not each.right] == [value]


@pytest.mark.parametrize(
    "line",
    [
        "batch_size = 128",
        "learning_rate=0.001,  rho=0.9",
        "===== Total",
        "469/469 [==============================] - 3s 5ms/step",
        "$$E[g^2](t) = \\beta E[g^2](t-1) + (1-\\beta)$$",
        "n + 5 * 3 = 20",
        "32 filtres * (2*2*1 + 1) = 160",
        "if 3 * 4 == 13: pass",
        "hog_size = int(height * width / (4 * 4))",
        "9^9^9^9 = 3",
        "1 / 0 = 7",
        "((((((((",
    ],
)
def test_what_is_no_calculation_of_numbers_is_not_judged(line: str) -> None:
    assert list(equations(line)) == []


def test_a_calculation_that_began_on_the_line_before_is_not_judged() -> None:
    assert list(equations("3 * 2 = 11", before="(5 * 1) +")) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("407,050", [407050, 407.05]), ("407'050", [407050]), ("407 050", [407050]), ("0.973", [0.973]),
        ("12,345.5", [12345.5]), ("1290", [1290]), ("0,5", [0.5]), ("1.2.3", []),
    ],
)  # fmt: skip
def test_the_readings_of_a_number(text: str, values: list[float]) -> None:
    assert [float(each.value) for each in readings(text)] == values


KERAS_3 = """
│ dense (Dense)                   │ (None, 512)            │       401,920 │
│ max_pooling2d                   │ (None, 13, 13, 32)     │             0 │
│ (MaxPooling2D)                  │                        │               │
│ dense_1 (Dense)                 │ (None, 10)             │         5,130 │
 Total params: 814,102 (3.11 MB)
 Trainable params: 407,050 (1.55 MB)
 Non-trainable params: 0 (0.00 B)
 Optimizer params: 407,052 (1.55 MB)
"""
FLATTENED = """## Layer (type) Output Shape Param #

dense\\_19 (Dense) (None, 128) 100480

dropout\\_9 (Dropout) (None, 128) 0

dense\\_20 (Dense) (None, 10) 1290

===== Total
params: 101,770 Trainable params: 101,770 Non-trainable params: 0
"""
TABBED = "dense_4 (Dense)\t(None, 512)\t401,920\ndense_5 (Dense)\t(None, 10)\t5,130\n\nTotal params: 407,050 (1.55 MB)\n"


@pytest.mark.parametrize(("text", "total"), [(KERAS_3, 407050), (FLATTENED, 101770), (TABBED, 407050)])
def test_a_table_is_read_in_any_form(text: str, total: int) -> None:
    (table,) = claims_in([Passage(text, "report.md")]).tables
    assert (table.sum, table.parameters) == (total, total)
    assert wrong(text) == []


def test_a_table_that_does_not_add_up_is_told() -> None:
    assert wrong(TABBED.replace("407,050", "407,060")) == [("sum", 407060, 407050)]


def test_a_dense_row_must_follow_from_the_row_above_unless_a_model_has_it() -> None:
    text = TABBED.replace("5,130", "5,120").replace("407,050", "407,040")
    assert wrong(text) == []  # a layer without a bias
    text = TABBED.replace("5,130", "6,410").replace("407,050", "408,330")
    assert wrong(text) == [("row", 6410, 5130)]
    assert wrong(text, 6410) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Le CNN a 856'330 paramètres.", []),
        ("Le CNN a 812'650 paramètres.", [("unknown", 812650, "")]),
        ("Le CNN a environ 850'000 paramètres.", []),
        ("Un classifieur linéaire aurait 7'850 paramètres.", []),
        ("RMSprop a 3 paramètres.", []),
        ("3 * 500 = 1500 et 2 * 1000 = 2000 ; en tout 3500 poids", []),
        (TABBED + "En tout 407'050 poids, contre 856'330 poids pour le CNN.", []),
        (TABBED + "Ce qui nous donne au total 406'050 poids.", [("total", 406050, 407050)]),
        (TABBED + "# Analyse\nAu total, le CNN a 856'330 poids.", []),
    ],
)
def test_a_count_agrees_with_a_model_or_with_the_report_itself(text: str, told: list[object]) -> None:
    assert wrong(text, 856330) == told


@pytest.mark.parametrize(
    "line",
    [
        "a" * 2000,
        "1.111+" * 330 + "1=2",
        "(" * 2000,
        "1=" * 1000,
        "123 " * 500,
        "total " * 330,
        ("1.111*" * 50 + "1=2 a ") * 6,
    ],
)
def test_no_text_takes_long_to_read(line: str) -> None:
    began = time.process_time()
    claims_in([Passage(f"{line}\n" * 10_000, "report.md")])
    assert time.process_time() - began < 15


def test_accuracies_are_found_as_shares() -> None:
    found = claims_in(
        [Passage("Test accuracy: 0.9726\nune exactitude de 98,1 %\naccuracy: 300", "r.md")]
    ).accuracies
    assert [(each.value, each.place.line) for each in found] == [(0.9726, 1), (pytest.approx(0.981), 2)]


# counted by hand in the document: (640 * 10) + 10 stands there twice, 812'650 under the table of 856,330; and its
# example has (16 * 3 * 3) * 128, which is 18,432, and (32 * 3 * 3) * 256, which is 73,728
REAL = [
    ("calculation", "(640 * 10) + 10 = 650", 6410),
    ("calculation", "(640 * 10) + 10 = 650", 6410),
    ("calculation", "(16 * 3 * 3) * 128 = 73\u202f728", 18432),
    ("calculation", "(32 * 3 * 3) * 256 = 294\u202f912", 73728),
    ("total", 812650, 856330),
]


def test_the_printed_report_has_these_slips_and_no_other() -> None:
    assert wrong(PRINTED) == REAL
    assert wrong(CORRECTED) == []


@pytest.mark.skipif(not SEED.exists(), reason="the whole document is not on this machine")
def test_the_whole_document_has_the_same() -> None:
    text = SEED.read_text("utf-8")
    assert wrong(text) == REAL
    claims = claims_in([Passage(text, "report.md")])
    assert [table.parameters for table in claims.tables] == [
        407050, 407050, 535818, 25802, 50890, 101770, 410538, 812650, 856330,
    ]  # fmt: skip
    lines = text.split("\n")
    for each in claims.calculations:
        assert "=" in lines[each.place.line - 1]
