"""What is measured on a part: in eval mode, over any number of batches, against scikit-learn."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from models.devices import choose
from models.errors import FitError
from models.fitting import measure
from models.fitting.state import Fitting
from tests import fits


@pytest.fixture
def fitting() -> Fitting:
    spec, prepared = fits.spec_of(network=fits.LAYERS)
    return Fitting(spec, prepared, choose("cpu"))


def test_metrics_are_those_of_the_network_in_eval_mode(fitting: Fitting) -> None:
    told, _ = measure.measure(fitting, "validation")
    assert fitting.network.training
    rows = fitting.prepared.parts["validation"]
    fitting.network.eval()
    outputs, truth = fitting.network(fitting.prepared.x[rows]).detach(), fitting.prepared.y[rows]
    guesses = outputs.argmax(1)
    assert told["accuracy"] == pytest.approx(accuracy_score(truth, guesses))
    assert told["macro_f1"] == pytest.approx(f1_score(truth, guesses, average="macro"))
    assert told["loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(outputs, truth)))


def test_many_small_batches_measure_the_same(fitting: Fitting, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, _ = measure.measure(fitting, "train")
    monkeypatch.setattr(measure, "VALUES", 12)
    assert measure.measure(fitting, "train")[0] == pytest.approx(at_once, rel=1e-6)


def test_measuring_draws_nothing_and_changes_no_buffer(fitting: Fitting) -> None:
    random, state = torch.get_rng_state(), {name: value.clone() for name, value in fitting.network.state_dict().items()}
    measure.measure_all(fitting)
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(value, state[name]) for name, value in fitting.network.state_dict().items())


def test_a_loss_that_is_not_finite_is_an_error(fitting: Fitting) -> None:
    with torch.no_grad():
        next(iter(fitting.network.parameters())).fill_(torch.nan)
    with pytest.raises(FitError, match="validation loss"):
        measure.measure(fitting, "validation")


def test_metrics_that_are_not_finite_are_left_out(fitting: Fitting, monkeypatch: pytest.MonkeyPatch) -> None:
    def score(*_: Any) -> tuple[dict[str, float], dict[str, Any]]:
        return {"accuracy": 0.5, "auc": float("nan")}, {}

    monkeypatch.setattr(type(fitting.spec.target.task), "score", score)
    assert set(measure.measure(fitting, "validation")[0]) == {"loss", "accuracy"}
