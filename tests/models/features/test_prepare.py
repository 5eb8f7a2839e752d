"""prepare: fitted on the training part alone, the same from the cache, memory-mapped."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.data.store import Dataset
from models.errors import DataError
from models.features import cache, prepare
from models.spec import TrainingSpec, resolve


def test_numbers_are_standardised_by_the_training_part(make: Any, features: Any, people: str) -> None:
    dataset = make(people)
    _, prepared = features(dataset, target="score", inputs=["age"])
    train = dataset.numbers("age")[prepared.parts["train"]]
    expected = (dataset.numbers("age") - train.mean()) / train.std()
    np.testing.assert_allclose(prepared.x[:, 0], expected, rtol=1e-6)


def test_a_table_is_all_its_columns_side_by_side(make: Any, features: Any, people: str) -> None:
    _, prepared = features(make(people), target="score")
    # age, income and whether it was missing, three cities and whether one was missing
    assert prepared.x.shape in ((40, 7), (40, 6))
    assert prepared.x.dtype == torch.float32
    assert torch.isfinite(prepared.x).all()
    assert set(prepared.x[:, 3:6].sum(dim=1).tolist()) <= {0.0, 1.0}


def test_targets_are_scaled_by_the_training_part(make: Any, features: Any, people: str) -> None:
    _, prepared = features(make(people), target="score")
    train = prepared.y[prepared.parts["train"]]
    assert train.shape[1:] == (1,)
    assert float(train.mean()) == pytest.approx(0, abs=1e-6)
    assert float(train.std(correction=0)) == pytest.approx(1, abs=1e-6)


def test_parts_share_no_row_and_rows_without_target_are_in_none(make: Any, features: Any, people: str) -> None:
    _, prepared = features(make(people), target="city", inputs=["age"])
    rows = torch.cat(list(prepared.parts.values())).tolist()
    assert sorted(rows) == [row for row in range(40) if row != 11]
    assert prepared.dropped == 1
    assert prepared.task_state.classes == ("Bonn", "Köln", "Ulm")


def test_the_second_time_comes_from_the_cache(
    make: Any, features: Any, people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make(people)
    _, first = features(dataset, target="score")

    def forbidden(*_: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(cache, "_build", forbidden)
    _, second = features(dataset, target="score")
    assert torch.equal(first.x, second.x)
    assert [column.keys() for states in first.states for column in states] == [
        column.keys() for states in second.states for column in states
    ]
    assert torch.equal(first.states[0][0]["mean"], second.states[0][0]["mean"])
    with pytest.raises(AssertionError, match="built again"):
        features(dataset, target="score", split={"kind": "random", "seed": 1})


def test_a_cache_file_cut_short_is_built_again(make: Any, features: Any, people: str, tmp_path: Path) -> None:
    dataset = make(people)
    _, first = features(dataset, target="score")
    kept = first.x.clone()
    (file,) = (tmp_path / "cache").glob("*/x.float32")
    file.with_name("short").write_bytes(file.read_bytes()[:-8])
    file.with_name("short").rename(file)
    _, second = features(dataset, target="score")
    assert torch.equal(kept, second.x)


def test_writing_into_the_tensor_does_not_reach_the_cache(make: Any, features: Any, people: str) -> None:
    dataset = make(people)
    _, first = features(dataset, target="score")
    first.x.fill_(9)
    assert not torch.equal(features(dataset, target="score")[1].x, first.x)


def test_several_may_build_at_once(make: Any, people: str, tmp_path: Path) -> None:
    dataset: Dataset = make(people)
    spec = resolve(TrainingSpec.model_validate({"dataset": "d", "target": "score"}), dataset.description)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: prepare(spec, dataset, tmp_path / "cache"), range(8)))
    assert all(torch.equal(made[0].x, other.x) for other in made)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_pictures_are_resized_and_normalised_over_the_training_part(make: Any, features: Any, picture: Any) -> None:
    dataset = make({f"{'ab'[i % 2]}/{i}.png": picture(i, channels=3) for i in range(30)})
    resize = {"kind": "resize", "size": [4, 4]}
    item = {"column": "image", "transforms": [resize, "normalize"]}
    _, prepared = features(dataset, target="label", inputs=[item])
    assert prepared.shape == (3, 4, 4)
    train = prepared.x[prepared.parts["train"]]
    torch.testing.assert_close(train.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(train.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)


def test_pictures_of_several_sizes_are_resized_one_by_one(make: Any, features: Any, picture: Any) -> None:
    dataset = make({f"{'ab'[i % 2]}/{i}.png": picture(i, 5 + i % 3, 6) for i in range(30)})
    spec, prepared = features(dataset, target="label")
    assert prepared.shape == (1, 6, 6)
    assert spec.inputs[0].transforms[0].kind == "resize"


def test_pictures_without_transforms_are_their_bytes(make: Any, features: Any, picture: Any) -> None:
    dataset = make({f"{'ab'[i % 2]}/{i}.png": picture(i) for i in range(30)})
    _, prepared = features(dataset, target="label", inputs=[{"column": "image", "transforms": []}])
    np.testing.assert_array_equal(prepared.x.numpy(), dataset.image_block("image"))


def test_nothing_is_learned_from_a_flipped_byte(make: Any, features: Any, people: str) -> None:
    dataset = make(people)
    file = dataset.folder / "data.arrow"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(DataError) as caught:
        features(Dataset.open(dataset.folder), target="score")
    assert caught.value.code == "dataset-corrupt"
