"""The dry run: its numbers are those of the real split, the real network and the real optimizer."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from models.data.ingest import ingest
from models.data.options import IngestOptions
from models.data.store import Dataset
from models.dry_run import DryRun, dry_run
from models.errors import Detail, SpecError
from models.networks import Limits
from models.spec import TrainingSpec, resolve

Make = Callable[[str | bytes], Dataset]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Ingest the text of a CSV or the bytes of a zip."""

    def made(body: str | bytes) -> Dataset:
        upload = tmp_path / "upload"
        upload.write_bytes(body.encode() if isinstance(body, str) else body)
        return Dataset.open(Path(ingest(upload, IngestOptions(), tmp_path / "datasets").folder))

    return made


def pictures(**classes: int) -> bytes:
    """A zip of class folders with so many grey pictures of 12x10."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, count in classes.items():
            for index in range(count):
                png = io.BytesIO()
                Image.new("L", (10, 12), (7 * index + len(name)) % 256).save(png, "PNG")
                archive.writestr(f"{name}/{index}.png", png.getvalue())
    return sink.getvalue()


def flowers(rows: int = 100) -> str:
    lines = [f"{i}.5,{'' if i % 9 == 0 else i * 2}.25,{'red' if i % 3 else 'blue'},{'ab'[i % 2]}" for i in range(rows)]
    return "long,wide,colour,kind\n" + "\n".join(line.replace(",.25", ",") for line in lines) + "\n"


def told(dataset: Dataset, **spec: Any) -> tuple[DryRun, TrainingSpec]:
    asked = TrainingSpec.model_validate({"dataset": "d", "target": "kind", **spec})
    resolved = resolve(asked, dataset.description)
    return dry_run(resolved, dataset.description), resolved


def refused(dataset: Dataset, limits: Limits | None = None, **spec: Any) -> Detail:
    asked = TrainingSpec.model_validate({"dataset": "d", "target": "kind", **spec})
    with pytest.raises(SpecError) as caught:
        dry_run(resolve(asked, dataset.description), dataset.description, limits)
    return caught.value.details[0]


def test_shapes_parameters_and_updates_by_hand(make: Make) -> None:
    run, _ = told(make(flowers()), network={"kind": "mlp", "hidden": [5]}, batch_size=16)
    # long, wide, wide is missing, colour red, colour blue
    assert (run.input_shape, run.outputs) == ((5,), 2)
    assert [(row.path, row.kind, row.shape_in, row.shape_out, row.parameters) for row in run.layers] == [
        ("0", "dense", (5,), (5,), 30),
        ("1", "relu", (5,), (5,), 0),
        ("2", "dense", (5,), (2,), 12),
    ]
    assert run.parameters == 42
    assert run.flops == 2 * 25 + 2 * 10
    assert run.rows == {"train": 80, "validation": 10, "test": 10}
    assert run.updates_per_epoch == 5


def test_memory_by_hand(make: Make) -> None:
    run, _ = told(make(flowers()), network={"kind": "mlp", "hidden": [5]}, batch_size=16, optimizer="adam")
    memory = run.memory_bytes
    assert (memory.weights, memory.gradients, memory.optimizer) == (42 * 4, 42 * 4, 2 * 42 * 4)
    assert memory.activations == 4 * 16 * (5 + 5 + 5 + 2)


def test_ten_thousand_rows_in_batches_of_ten_are_a_thousand_updates(make: Make) -> None:
    run, _ = told(make(flowers(10_000)), split={"kind": "none"}, batch_size=10)
    assert run.updates_per_epoch == 1000


@pytest.mark.parametrize(
    "split",
    [
        {"kind": "random"},
        {"kind": "random", "train": 0.7, "validation": 0.2, "test": 0.1, "seed": 3},
        {"kind": "random", "train": 0.9, "validation": 0.05, "test": 0.05, "stratify": False},
        {"kind": "none"},
    ],
)
@pytest.mark.parametrize("rows", [37, 100])
def test_rows_per_part_are_those_of_the_split(make: Make, split: dict[str, Any], rows: int) -> None:
    dataset = make(flowers(rows).replace("red,a\n", "red,\n", 3))
    run, resolved = told(dataset, split=split)
    assert resolved.split is not None
    assert run.rows == resolved.split.assign(dataset, "kind").counts()


@pytest.mark.parametrize(
    "split", [{"kind": "given", "by": "part"}, {"kind": "given", "by": "part", "validation": 0.25}]
)
def test_rows_of_a_column_that_names_the_parts(make: Make, split: dict[str, Any]) -> None:
    lines = [f"{i},{'test' if i % 4 == 0 else 'train'},{'ab'[i // 2 % 2]}" for i in range(60)]
    dataset = make("x,part,kind\n" + "\n".join(lines) + "\n")
    run, resolved = told(dataset, split=split)
    assert resolved.split is not None
    assert run.rows == resolved.split.assign(dataset, "kind").counts()


def test_rows_of_files_that_are_the_parts(make: Make) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("train.csv", "x,kind\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(50)) + "7,\n")
        archive.writestr("test.csv", "x,kind\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(20)))
    dataset = make(sink.getvalue())
    run, resolved = told(dataset)
    assert resolved.split is not None
    assert run.rows == resolved.split.assign(dataset, "kind").counts() == {"train": 45, "validation": 5, "test": 20}


def test_a_picture_keeps_its_channels_and_takes_the_size_of_its_transforms(make: Make) -> None:
    dataset = make(pictures(cat=20, dog=20))
    run, _ = told(dataset, target="label", batch_size=8)
    assert run.input_shape == (1, 12, 10)
    resized, _ = told(
        dataset, target="label", inputs=[{"column": "image", "transforms": [{"kind": "resize", "size": [32, 32]}]}],
        network="lenet",
    )  # fmt: skip
    assert resized.input_shape == (1, 32, 32)
    assert resized.parameters == 61_706 - 8 * 85  # two classes instead of ten


def test_regression_has_one_output(make: Make) -> None:
    run, _ = told(make(flowers()), target="long")
    assert run.outputs == 1


def test_logistic_regression_has_one_output(make: Make) -> None:
    run, resolved = told(make(flowers()), network="logistic")
    assert run.outputs == 1
    assert resolved.loss is not None
    assert resolved.loss.kind == "binary_cross_entropy"


def test_the_optimizer_s_memory_is_its_slots(make: Make) -> None:
    dataset = make(flowers())
    plain, _ = told(dataset, optimizer="sgd")
    moving, _ = told(dataset, optimizer={"kind": "sgd", "momentum": 0.9})
    assert (plain.memory_bytes.optimizer, moving.memory_bytes.optimizer) == (0, 4 * moving.parameters)


def test_an_impossible_layer_is_named_with_both_shapes(make: Make) -> None:
    layers = [{"kind": "conv2d", "channels": 4, "kernel": 64}]
    detail = refused(make(pictures(cat=9, dog=9)), target="label", network={"kind": "layers", "layers": layers})
    assert (detail.code, detail.pointer) == ("shape-mismatch", "/network/layers/0/kernel")
    assert detail.message == "layer 0 (conv2d): a kernel of 64x64 needs at least (1, 64, 64), but gets (1, 12, 10)"


def test_a_network_over_the_limit_is_refused(make: Make) -> None:
    detail = refused(make(flowers()), Limits(parameters=41), network={"kind": "mlp", "hidden": [5]})
    assert (detail.code, detail.given, detail.allowed) == ("model-too-large", 42, 41)


def test_parts_that_do_not_belong_together_are_refused(make: Make) -> None:
    detail = refused(make(flowers()), loss={"kind": "cross_entropy", "weights": [1, 2, 3]})
    assert (detail.code, detail.pointer) == ("shape-mismatch", "/loss/weights")
    assert refused(make(flowers()), target="colour", network="linear").code == "conflicting-options"


def test_a_class_of_one_row_cannot_be_learned_and_measured(make: Make) -> None:
    dataset = make(flowers(40) + "1,2,red,rare\n")
    detail = refused(dataset)
    assert (detail.code, detail.pointer) == ("split-empty-class", "/split")
    assert "rare" in detail.message
    run, _ = told(dataset, split={"kind": "random", "stratify": False})
    assert sum(run.rows.values()) == 41


def test_too_few_rows_for_the_parts(make: Make) -> None:
    detail = refused(make("x,kind\n1,a\n2,b\n3,a\n4,b\n"), split={"kind": "random", "stratify": False})
    assert (detail.code, detail.pointer) == ("split-too-small", "/split")


def codes(run: DryRun) -> set[str]:
    return {notice.code for notice in run.warnings}


def test_warns_of_what_the_user_should_know(make: Make) -> None:
    many = make(flowers(60).replace("red,a\n", "red,\n", 3))
    assert {"target-missing", "batch-larger-than-part"} <= codes(told(many, batch_size=1000)[0])
    rare = make("x,kind\n" + "".join(f"{i},{'b' if i % 20 == 0 else 'a'}\n" for i in range(200)))
    assert "imbalanced-classes" in codes(told(rare)[0])
    unwatched = {"kind": "random", "train": 0.9, "validation": 0.0, "test": 0.1}
    assert "no-validation" in codes(told(many, split=unwatched)[0])


def test_a_healthy_spec_is_not_warned_of(make: Make) -> None:
    text = "x,z,kind\n" + "".join(f"{i * 7 % 31}.5,{i * 11 % 37}.5,{'ab'[i // 3 % 2]}\n" for i in range(200))
    assert codes(told(make(text))[0]) == set()


def test_nothing_random_is_drawn_and_it_is_json(make: Make) -> None:
    before = torch.get_rng_state()
    run, _ = told(make(flowers()))
    assert torch.equal(torch.get_rng_state(), before)
    assert DryRun.model_validate_json(run.model_dump_json()) == run
