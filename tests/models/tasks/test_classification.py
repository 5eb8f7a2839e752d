"""Classification: classes as the dataset writes them, answers by hand, scores against scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn import metrics as oracle
from sklearn.dummy import DummyClassifier

from models.data.description import Column, ValueCount
from models.data.store import Dataset
from models.errors import Detail, SpecError
from models.networks import Linear, Logistic, Mlp, Network, Softmax
from models.objectives import MSE, BinaryCrossEntropy, CrossEntropy, Loss
from models.tasks import Classification, TaskState

TASK = Classification()
MakeDataset = Callable[[str], Dataset]
ANIMALS = TaskState(classes=("ant", "bee", "cat"), counts=(1, 1, 1))
PAIR = TaskState(classes=(0, 1), counts=(1, 1))


def test_text_classes_are_sorted_and_counted_over_the_training_part(table: MakeDataset) -> None:
    data = table("x,y\n1,dog\n2,ant\n3,dog\n4,cat\n5,ant\n")
    state = TASK.fit(data, "y", np.array([0, 1, 2]))
    assert state == TaskState(classes=("ant", "cat", "dog"), counts=(1, 0, 2))
    assert TASK.encode(data, "y", state).tolist() == [2, 0, 2, 1, 0]


def test_whole_numbers_keep_their_type(table: MakeDataset) -> None:
    data = table("x,y\n" + "".join(f"{i}.5,{value}\n" for i, value in enumerate([3, -1, 3, 7])))
    state = TASK.fit(data, "y", np.arange(4))
    assert state.classes == (-1, 3, 7)
    assert all(type(label) is int for label in state.classes)
    assert TASK.encode(data, "y", state).tolist() == [1, 0, 1, 2]


def test_a_missing_class_is_minus_one(table: MakeDataset) -> None:
    data = table("x,y\n1,a\n2,\n3,b\n")
    assert TASK.encode(data, "y", TASK.fit(data, "y", np.arange(3))).tolist() == [0, -1, 1]


def test_the_description_alone_tells_the_same_classes(table: MakeDataset) -> None:
    data = table("x,y\n1,b\n2,a\n3,b\n")
    assert TASK.expect(data.column("y")) == TASK.fit(data, "y", np.arange(3))


def test_a_class_that_training_did_not_know_is_encoded_as_missing(table: MakeDataset) -> None:
    state = TaskState(classes=("a", "c"), counts=(1, 1))
    assert TASK.encode(table("x,y\n1,a\n2,b\n3,c\n"), "y", state).tolist() == [0, -1, 1]


def test_the_state_round_trips_through_json_with_its_types() -> None:
    state = TaskState(classes=(1, 2, 10), counts=(3, 4, 5))
    again = TaskState.model_validate_json(state.model_dump_json())
    assert again == state
    assert all(type(label) is int for label in again.classes)


def number(**fields: object) -> Column:
    return Column.model_validate({"name": "y", "type": "number", "distinct": 5, "whole": True, **fields})


@pytest.mark.parametrize(
    ("column", "code"),
    [
        (number(whole=False), "conflicting-options"),
        (number(distinct=1), "one-class-target"),
        (number(distinct=0), "one-class-target"),
        (number(distinct=10_001), "too-many-classes"),
        (number(distinct=5000), "too-many-classes"),
        (Column(name="y", type="time"), "conflicting-options"),
        (Column(name="y", type="image"), "conflicting-options"),
    ],
)
def test_refuses_a_column_that_holds_no_classes(column: Column, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        TASK.expect(column)
    assert (caught.value.code, caught.value.details[0].pointer) == (code, "/target")


@pytest.mark.parametrize(
    ("network", "loss", "classes", "pointer"),
    [
        (Linear(), CrossEntropy(), 3, "/network"),
        (Mlp(), MSE(), 3, "/loss"),
        (Mlp(), BinaryCrossEntropy(), 3, "/loss"),
        (Logistic(), BinaryCrossEntropy(), 3, "/network"),
        (Logistic(), CrossEntropy(), 2, "/loss"),
    ],
)
def test_refuses_parts_that_do_not_belong_together(network: Network, loss: Loss, classes: int, pointer: str) -> None:
    state = TaskState(classes=tuple(range(classes)), counts=(1,) * classes)
    with pytest.raises(SpecError) as caught:
        TASK.agree(network, loss, state)
    assert [detail.pointer for detail in caught.value.details] == [pointer]
    assert caught.value.code == "conflicting-options"


def test_all_conflicts_are_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        TASK.agree(Linear(), MSE(), PAIR)
    assert [detail.pointer for detail in caught.value.details] == ["/network", "/loss"]


def test_two_classes_have_one_output_or_two() -> None:
    for network, loss, outputs in ((Logistic(), BinaryCrossEntropy(), 1), (Softmax(), CrossEntropy(), 2)):
        TASK.agree(network, TASK.default_loss(network), PAIR)
        assert TASK.default_loss(network) == loss
        assert TASK.outputs(PAIR, loss) == outputs


def test_pictures_get_convolutions_and_tables_do_not() -> None:
    assert (TASK.default_network((1, 28, 28)).kind, TASK.default_network((13,)).kind) == ("convnet", "mlp")


def test_answers_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(2.0), math.log(5.0)]])
    (answer,) = TASK.answer(logits, ANIMALS, top=2)
    entropy = -sum(p * math.log2(p) for p in (1 / 8, 2 / 8, 5 / 8))
    assert answer["label"] == "cat"
    assert answer["probability"] == pytest.approx(5 / 8)
    assert answer["entropy_bits"] == pytest.approx(entropy)
    assert [guess["label"] for guess in answer["top"]] == ["cat", "bee"]
    assert [guess["probability"] for guess in answer["top"]] == pytest.approx([5 / 8, 2 / 8])


def test_top_is_at_least_one_and_at_most_all() -> None:
    assert [len(TASK.answer(torch.zeros(1, 3), ANIMALS, top)[0]["top"]) for top in (0, 1, 99)] == [1, 1, 3]


def test_huge_logits_give_finite_answers() -> None:
    (answer,) = TASK.answer(torch.tensor([[1e4, -1e4, 0.0]]), ANIMALS)
    assert (answer["probability"], answer["entropy_bits"]) == (1.0, 0.0)
    assert [guess["probability"] for guess in answer["top"]] == [1.0, 0.0, 0.0]


def test_even_probabilities_have_all_the_entropy() -> None:
    assert TASK.answer(torch.zeros(1, 3), ANIMALS)[0]["entropy_bits"] == pytest.approx(math.log2(3))


def test_one_output_answers_as_the_sigmoid() -> None:
    (answer,) = TASK.answer(torch.tensor([[2.0]]), PAIR)
    assert (answer["label"], answer["probability"]) == (1, pytest.approx(1 / (1 + math.exp(-2.0))))


LOGITS = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
TRUTH = torch.randint(3, (50,), generator=torch.Generator().manual_seed(1))


def test_scores_are_scikit_learns() -> None:
    told, report = TASK.score(LOGITS, TRUTH, ANIMALS)
    answers = LOGITS.argmax(1)
    expected = {
        "accuracy": oracle.accuracy_score(TRUTH, answers),
        "macro_f1": oracle.f1_score(TRUTH, answers, average="macro"),
        "log_loss": oracle.log_loss(TRUTH, LOGITS.double().softmax(1)),
    }
    assert told == pytest.approx(expected)
    assert report["confusion"]["counts"] == oracle.confusion_matrix(TRUTH, answers).tolist()
    assert [row["label"] for row in report["per_class"]] == ["ant", "bee", "cat"]
    assert [row["recall"] for row in report["per_class"]] == pytest.approx(
        oracle.recall_score(TRUTH, answers, average=None).tolist()
    )


@pytest.mark.parametrize("width", [1, 2])
def test_two_classes_have_an_area_under_the_curve(width: int) -> None:
    truth = TRUTH.clamp(max=1)
    told, _ = TASK.score(LOGITS[:, :width], truth, PAIR)
    scores = LOGITS[:, 0] if width == 1 else LOGITS[:, 1] - LOGITS[:, 0]
    assert told["auc"] == pytest.approx(oracle.roc_auc_score(truth, scores))
    assert set(told) | {"loss"} == set(TASK.metrics(PAIR))


def test_a_part_of_one_class_has_no_area() -> None:
    assert "auc" not in TASK.score(LOGITS[:, :2], torch.zeros(50, dtype=torch.int64), PAIR)[0]


def test_the_baseline_is_the_commonest_class_of_the_training_part() -> None:
    train = torch.tensor([0, 1, 1, 2, 1, 0])
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((6, 1)), train)
    inputs = np.zeros((50, 1))
    expected = {
        "accuracy": oracle.accuracy_score(TRUTH, dummy.predict(inputs)),
        "macro_f1": oracle.f1_score(TRUTH, dummy.predict(inputs), average="macro"),
        "log_loss": oracle.log_loss(TRUTH, dummy.predict_proba(inputs)),
    }
    assert TASK.baseline(train, TRUTH, ANIMALS) == pytest.approx(expected)


def test_the_baseline_of_a_class_that_training_never_saw_has_no_log_loss() -> None:
    assert "log_loss" not in TASK.baseline(torch.tensor([0, 1]), TRUTH, ANIMALS)


def test_many_classes_have_no_confusion_matrix_in_the_report() -> None:
    state = TaskState(classes=tuple(range(300)), counts=(1,) * 300)
    _, report = TASK.score(torch.randn(10, 300), torch.arange(10), state)
    assert set(report) == {"per_class"}


def test_values_in_a_description_may_be_text_or_numbers() -> None:
    column = number(values=(ValueCount(value=1, count=2), ValueCount(value=3, count=4)), distinct=2)
    assert TASK.expect(column) == TaskState(classes=(1, 3), counts=(2, 4))


def test_an_error_says_what_would_do() -> None:
    detail: Detail
    with pytest.raises(SpecError) as caught:
        TASK.agree(Logistic(), BinaryCrossEntropy(), ANIMALS)
    (detail,) = caught.value.details
    assert detail.fix == '"network": "softmax"'
