"""The proof that peers do the same work, the record that they leave, and how it is shown."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import vl_convert

from lenet import arithmetic, figures, model, peers, plots, train
from lenet.params import ROOT
from peers import proof, reference, run


@pytest.fixture(scope="module")
def start():
    return model.initial_values(4, "linear", "normal", 100)


@pytest.fixture(scope="module")
def right(digits, start):
    return proof.expected(digits, start, [1, 2, 10])


class Ours:
    """This project's engine, with what a test spoils: the rows of an epoch, or a weight that stays as it was."""

    def __init__(self, dataset, rows=lambda rows: rows, still=None):
        self.trainer, self.rows, self.still = train.Trainer(dataset, filters=4), rows, still

    def set(self, weights):
        self.given = weights
        self.trainer.model.set_weights(weights)

    def train(self, images, rate):
        self.trainer.epoch(rate, self.rows(np.arange(images)))

    def get(self):
        return [self.given[i] if i == self.still else w for i, w in enumerate(self.trainer.model.get_weights())]


def verdicts(peer, digits, start, right):
    found = proof.found(peer, digits, start, right)
    return [part["passed"] for part in proof.compared(found, right, proof.limits(4, 592))]


def test_the_proof_accepts_this_engine(digits, start, right):
    assert verdicts(Ours(digits), digits, start, right) == [True] * 3


def test_the_proof_refuses_other_work(digits, start, right):
    spoilt = {
        "drops a short last batch": Ours(digits, lambda rows: rows[: len(rows) // 64 * 64]),
        "fills up a short last batch": Ours(digits, lambda rows: np.append(rows, rows[: -len(rows) % 64])),
        "another order": Ours(digits, lambda rows: rows[::-1].copy()),
        "a bias that is not trained": Ours(digits, still=3),
        "one batch left out": Ours(digits, lambda rows: np.delete(rows, np.s_[256:320]) if len(rows) > 320 else rows),
    }
    for name, peer in spoilt.items():
        assert not verdicts(peer, digits, start, right)[2], name


def test_a_loss_that_is_not_a_number_fails():
    part = proof.compared({1: float("nan")}, {1: 2.0}, {1: 1e-5})[0]
    assert (part["passed"], part["error"]) == (False, None)
    json.dumps(part, allow_nan=False)


def test_steps_to_compare_end_in_a_short_batch_as_an_epoch_does():
    assert [proof.rows(steps) for steps in proof.limits(16, 50_000)] == [64, 80, 592, 6352, 50_000]
    assert list(proof.limits(64, 50_000)) == [1, 2, 10]
    assert list(proof.limits(16, 600)) == [1, 2, 10]


def test_reference_pools_and_convolves_as_by_hand():
    flow = np.arange(16.0).reshape(1, 4, 4, 1)
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1], kernel[0, 1] = 1, 10  # a position and, ten times, the one above it
    outputs, _ = reference.convolve(flow, kernel)
    assert outputs[0, :, :, 0].tolist() == [[0, 1, 2, 3], [4, 15, 26, 37], [48, 59, 70, 81], [92, 103, 114, 125]]
    most, which = reference.pool(outputs)
    assert most.ravel().tolist() == [15, 37, 103, 125]
    back = reference.unpool(np.array([1.0, 2, 3, 4]).reshape(1, 2, 2, 1), which)[0, :, :, 0]
    assert back.tolist() == [[0, 0, 0, 0], [0, 1, 0, 2], [0, 0, 0, 0], [0, 3, 0, 4]]


def test_reference_gradients_are_differences_of_its_loss(digits):
    weights = [value.astype(float) for value in model.initial_values(3, "linear", "normal", 5)]
    images, labels = digits.train.images[:8], digits.train.labels[:8]
    generator = np.random.default_rng(0)
    for weight, gradient in zip(weights, reference.gradients(weights, images, labels), strict=True):
        at = tuple(generator.integers(weight.shape))
        kept, ends = weight[at], []
        for sign in (1, -1):
            weight[at] = kept + sign * 1e-6
            ends.append(reference.loss(weights, images, labels))
        weight[at] = kept
        assert gradient[at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("size", [64, 45, 16])
def test_gradients_of_the_engine_are_those_of_float64(size, digits):
    import tensorflow as tf

    from lenet import engine

    weights = model.initial_values(8, "linear", "normal", 3)
    images, labels = digits.train.images[:size], digits.train.labels[:size]
    variables = [tf.constant(value) for value in weights]
    loss, ours = engine.gradients(variables, engine.patches(images), tf.constant(labels), "linear", 2)
    assert float(loss) == pytest.approx(reference.loss(weights, images, labels), rel=1e-5)
    right = reference.gradients([value.astype(float) for value in weights], images, labels)
    for mine, other in zip(ours, right, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5 * np.abs(other).max())


SECONDS = {"ours": [1.0, 2.0, 3.0], "keras": [4.0, 4.0, 9.0]}


def toy_record():
    """Two numbers of filters, three pairs each; the peer of 8 filters takes 4, 2 and 3 times this engine's seconds."""
    samples = [
        {"peer": name, "filters": filters, "round": number, "pair": "keras", "seconds": seconds[number - 1],
         "others_share": 0.01 * number, "finite": name == "ours"}
        for filters in (8, 16) for number in (1, 2, 3) for name, seconds in SECONDS.items()
    ]  # fmt: skip
    proofs = [
        {"peer": name, "filters": filters, "steps": steps, "error": steps * 1e-7}
        for name in SECONDS for filters in (8, 16) for steps in (1, 2)
    ]  # fmt: skip
    jobs = [{"peer": name, "round": 1, "seconds": seconds} for name, seconds in (("ours", 10.0), ("tf2017", 45.0))]
    return {
        "record": "peers", "schema": 1, "device": "CPU", "dataset": "mnist", "images": 50_000, "threads": 2,
        "machine": {"cpu": "Zen", "gpu": "Hopper"},
        "peers": {"ours": {"title": "ours", "version": "2.21", "threads": "one"}, "keras": {"title": "Keras fit"},
                  "torch": {"title": "PyTorch"}},
        "absent": [{"peer": "torch", "filters": 8, "why": "not the same work: its loss is wrong after 2 steps"}],
        "proofs": proofs, "samples": samples, "jobs": jobs, "peak_gflops": 200.0, "copy_gbytes": 20.0,
    }  # fmt: skip


def test_ratios_are_medians_of_pairs():
    found = peers.table(toy_record()).set_index(["filters", "name"])
    keras, ours = found.loc[8, "keras"], found.loc[8, "ours"]
    assert keras[["seconds", "low", "high", "n"]].tolist() == [4, 4, 9, 3]
    assert keras[["ratio", "ratio_low", "ratio_high"]].tolist() == [3, 2, 4]
    assert ours[["seconds", "ratio"]].tolist() == [2, 1]
    assert ours["gflops"] == pytest.approx(arithmetic.training_flops(8, 50_000) / 2e9)
    assert ours["peak_share"] == pytest.approx(ours["gflops"] / 200)
    assert peers.job(toy_record())["ratio"].tolist() == [4.5]
    said = peers.surroundings(toy_record())
    assert said.startswith("Versions and threads: ours: 2.21, one. Other programs had 3% of the cores")
    assert said.endswith("These diverged: keras at 8 filters, keras at 16 filters.")
    (near, far), shares = peers.ends(toy_record())
    assert (near.peer, far.ratio, len(shares)) == ("Keras fit", 3, 2)
    alone = toy_record()
    alone["samples"] = [one for one in alone["samples"] if one["pair"] == "ours" or one["peer"] == "ours"]
    assert peers.ends(alone)[0] == []


def test_a_peer_that_failed_has_a_reason_and_no_time():
    last = peers.shown(toy_record()).iloc[-1]
    assert (last["way"], last["seconds an epoch"]) == ("PyTorch", "–")
    assert "wrong after 2 steps" in last["same work"]
    assert peers.proofs(toy_record())["after 2"].tolist() == pytest.approx([2e-7] * 4)
    assert "| 8 | ours | 2.00 [1.00, 3.00] | 1 | 3 |" in run.told(toy_record())


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda record: record.pop("peak_gflops"), "peak_gflops must be of type float"),
        (lambda record: record["samples"][0].pop("seconds"), "one of its samples has no seconds"),
        (lambda record: record.update(record="benchmark"), "must be peers"),
    ],
)
def test_a_damaged_record_is_refused_by_name(damage, complaint, tmp_path):
    record = toy_record()
    damage(record)
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=complaint) as error:
        peers.read(path)
    assert "broken.json" in str(error.value)


def test_what_is_no_record_is_refused_by_name(tmp_path):
    for text in ("[]", "{", "{}"):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(ValueError, match="other.json: not readable"):
            peers.read(tmp_path / "other.json")
    with pytest.raises(ValueError, match="absent.json"):
        peers.read(tmp_path / "absent.json")


def test_the_records_of_both_devices_are_found_and_told_apart(tmp_path):
    assert peers.found(tmp_path) == {}
    for device, name in peers.FILES.items():
        (tmp_path / name).write_text(json.dumps(toy_record() | {"device": device}))
    records = peers.found(tmp_path)
    assert [peers.place(record) for record in records.values()] == ["Zen, 2 threads", "Hopper"]
    assert [peers.label("roofline", device) for device in records] == ["roofline", "roofline-gpu"]
    (tmp_path / "peers-gpu.json").write_text(json.dumps(toy_record()))
    with pytest.raises(ValueError, match="peers-gpu.json: device must be GPU, got 'CPU'"):
        peers.found(tmp_path)


def test_intensity_by_hand():
    moved = 4 * 4 * (784 * 16 + 196 * 16 + 128 + 10) + 24 * 104_250 / 64
    assert arithmetic.parameters(16) == 104_250
    assert peers.intensity(16) == pytest.approx(2 * (5292 * 256 + 32_928 * 16 + 3840) / moved)


def test_the_chart_names_the_roof_and_every_peer():
    record = toy_record()
    chart = plots.roofline(peers.roofline(record), record["peak_gflops"], record["copy_gbytes"])
    svg = vl_convert.vegalite_to_svg(figures.static(chart.to_dict()))
    for text in ("matrix products 200 GFLOP/s", "copies 20 GB/s", "ours", "Keras fit", "GFLOP/s (logarithmic)"):
        assert text in svg, text


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--peers", "caffe"], "must be among"),
        (["--filters", "0"], "each must be 1 to 256"),
        (["--rounds", "0"], "--rounds = 0"),
        (["--images", "640"], "--json: must be named for a part"),
        (["--peers", "jax"], "--json: must be named for a part"),
        (["--device", "GPU", "--peers", "keras"], "must be among ours, keras-jax, torch"),
    ],
)
def test_a_wrong_option_is_refused_with_its_rule(words, rule, capsys):
    with pytest.raises(SystemExit):
        run.arguments(words)
    assert rule in capsys.readouterr().err


def test_a_small_run_from_end_to_end(tmp_path, at_root):
    path = tmp_path / "peers.json"
    command = [sys.executable, "-m", "peers.run", "--dataset", "digits", "--images", "256", "--filters", "4"]
    command += ["--rounds", "1", "--peers", "keras,torch", "--json", str(path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    record = peers.read(path)
    found = peers.table(record)
    assert sorted(found["name"])[:2] == ["keras", "ours"]
    assert (found["seconds"] > 0).all()
    assert all(part["passed"] for part in record["proofs"])
    # Without its package a peer is left out, and the others are not.
    assert {gone["peer"] for gone in record["absent"]} | set(found["name"]) == {"keras", "ours", "torch"}
    assert [file.name for file in tmp_path.iterdir()] == ["peers.json"]


def test_without_a_gpu_its_peers_are_refused_before_any_work(tmp_path, at_root):
    command = [sys.executable, "-m", "peers.run", "--device", "GPU", "--json", str(tmp_path / "record.json")]
    hidden = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, env=hidden, capture_output=True, text=True)
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "lenet: device = 'GPU': JAX sees no GPU" in done.stderr


def test_the_engine_on_jax_passes_the_proof(digits, start, right):
    pytest.importorskip("jax")
    from peers import ours_jax

    class OnCpu(ours_jax.Ours):
        device = "CPU"

    assert verdicts(OnCpu(digits, 4), digits, start, right) == [True] * 3


def test_a_copy_moves_bytes_both_ways(monkeypatch):
    from peers import roof

    monkeypatch.setattr(roof, "COPY_BYTES", 8_000)
    monkeypatch.setattr(roof, "least_seconds", lambda work: work() is None or 1e-6)
    assert roof.gpu_copy_gbytes() == pytest.approx(64)
    assert roof.copy_gbytes(2) == pytest.approx(32)


def test_the_whole_job_of_2017_is_the_same_work_both_ways(digits, start):
    from peers import ours, tensorflow_2017, worker

    some = worker.few(digits, 400)
    found = [way(some, 4).job(start, 2)[1] for way in (ours.Ours, tensorflow_2017.Session)]
    assert found[0] == pytest.approx(found[1], rel=1e-3)
    assert len(set(found[0])) == 3


def test_the_same_few_images_for_each_peer(digits):
    from peers.worker import few

    assert len(few(digits, 100).train) == 100
    np.testing.assert_array_equal(few(digits, 100).train.images, digits.train.images[:100])
    np.testing.assert_array_equal(few(digits, 0).train.labels, digits.train.labels)
