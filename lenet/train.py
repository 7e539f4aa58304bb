"""The training engine: an epoch is one TensorFlow graph, and evaluation counts every image once."""

import base64
import time
from contextlib import contextmanager
from itertools import product
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from tqdm import tqdm

from lenet import arithmetic, engine, files, model
from lenet.data import Dataset, Images
from lenet.evaluation import EVALUATION_BATCH, Evaluation, evaluation

PROBE_STEPS = 10  # timed together
NOT_FINITE, ONE_DIGIT = "not finite", "one digit"
HEADS, INITS = ("linear", "relu"), ("normal", "scaled")


class Resident(NamedTuple):
    """A set held on the device: patches (n, 5096) of its images, uint8, and labels, int32."""

    patches: tf.Tensor
    labels: tf.Tensor


def resident(images: Images, device: str) -> Resident:
    patches = engine.patches(images.images)
    if device == "GPU":
        # They are made in the host's memory, from which every call would send them again.
        with tf.device("GPU:0"):
            patches = tf.identity(patches)
    return Resident(patches, tf.constant(images.labels))


OPTIONS = ("filters", "head", "init", "batch_size", "shuffle", "shards", "device")


class Trainer:
    """Plain gradient descent on one network and one data set, from the initial values of any seed.

    Each batch is cut in a fixed number of `shards` that run side by side; their number, not that of the
    threads, decides the order of additions and so the bits of the result. Only the last batch of an epoch
    may be short. In file order it takes a full step, as in 2017; in shuffled order its step is scaled by its
    size, or one step on a few random images would hide the epoch's result.
    """

    def __init__(self, dataset: Dataset, *, filters=16, head="linear", init="normal", batch_size=64,
                 shuffle=False, shards=2, device="CPU"):  # fmt: skip
        if batch_size > len(dataset.train):
            raise ValueError(f"batch_size = {batch_size}: must be at most the {len(dataset.train)} training images")
        if shards > batch_size:
            raise ValueError(f"shards = {shards}: must be at most the batch size, {batch_size}")
        self.dataset, self.filters, self.head, self.init = dataset, filters, head, init
        self.batch_size, self.shuffle, self.shards = batch_size, shuffle, shards
        self.model = model.build(filters, head, init)
        self.variables = [weight.value for weight in self.model.weights]
        self.train_set, self.validation_set = (resident(part, device) for part in (dataset.train, dataset.validation))
        self.steps, self.cpu_seconds = -(-len(dataset.train) // batch_size), 0.0
        # Keras would compile with XLA on a GPU alone; so does this engine, and says so.
        compiled = device == "GPU"
        self._epoch = tf.function(self._epoch_graph, jit_compile=compiled)
        self._logits = tf.function(self._logits_graph, jit_compile=compiled)

    @classmethod
    def of(cls, dataset: Dataset, settings: dict) -> "Trainer":
        """The trainer that a run's settings ask for."""
        return cls(dataset, **{name: settings[name] for name in OPTIONS})

    def reset(self, seed: int):
        """Set the initial values of a seed."""
        self.model.set_weights(model.initial_values(self.filters, self.head, self.init, seed))

    def _step(self, rows, learning_rate):
        """One step on a batch of rows; return its mean loss."""
        batch, labels = (tf.gather(part, rows) for part in self.train_set)
        weights = [variable.value() for variable in self.variables]
        loss, gradients = engine.gradients(weights, batch, labels, self.head, self.shards)
        for variable, gradient in zip(self.variables, gradients, strict=True):
            # One operation in place, where assign_sub would first make lr * gradient.
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=learning_rate, delta=gradient)
        return loss

    def _epoch_graph(self, order, learning_rate):
        """Train once on every row of `order`; return the loss of each step."""
        size, (full, short) = self.batch_size, divmod(order.shape[0], self.batch_size)
        losses = tf.TensorArray(tf.float32, full + bool(short), element_shape=())
        for step in tf.range(full):
            losses = losses.write(step, self._step(tf.slice(order, [step * size], [size]), learning_rate))
        if short:
            scale = short / size if self.shuffle else 1.0
            losses = losses.write(full, self._step(order[full * size :], scale * learning_rate))
        return losses.stack()

    def _logits_graph(self, patches):
        """Logits of all images, batch by batch; shards of a batch run side by side."""
        weights = engine.merged([variable.value() for variable in self.variables], self.head)
        full, short = divmod(patches.shape[0], EVALUATION_BATCH)

        def some(start, size):
            sizes = engine.shard_sizes(size, self.shards)
            parts = tf.split(tf.slice(patches, [start, 0], [size, patches.shape[1]]), sizes)
            return tf.concat([engine.logits(weights, part) for part in parts], 0)

        if not full:
            return some(0, short)
        batches = tf.TensorArray(tf.float32, full, element_shape=(EVALUATION_BATCH, arithmetic.CLASSES))
        for batch in tf.range(full):
            # One batch at a time bounds the memory.
            tf.autograph.experimental.set_loop_options(parallel_iterations=1)
            batches = batches.write(batch, some(batch * EVALUATION_BATCH, EVALUATION_BATCH))
        outputs = tf.reshape(batches.stack(), (-1, arithmetic.CLASSES))
        return tf.concat([outputs, some(full * EVALUATION_BATCH, short)], 0) if short else outputs

    def trace(self):
        """Make the graphs of an epoch and of both evaluations, without running them."""
        order = tf.TensorSpec([len(self.dataset.train)], tf.int32)
        self._epoch.get_concrete_function(order, tf.TensorSpec([], tf.float32))
        for patches in (self.train_set.patches, self.validation_set.patches):
            self._logits.get_concrete_function(tf.TensorSpec(patches.shape, patches.dtype))

    def epoch(self, learning_rate: float, order: np.ndarray) -> np.ndarray:
        """Train once on the images in this order; return the loss of each step, float32."""
        with self.spending():
            return self._epoch(tf.constant(order, tf.int32), tf.constant(learning_rate, tf.float32)).numpy()

    def evaluate(self, images: Resident) -> Evaluation:
        """Predict every image of a set once."""
        with self.spending():
            return evaluation(self._logits(images.patches).numpy(), images.labels.numpy())

    @contextmanager
    def spending(self):
        """Add the processor seconds of the block, of all its threads, to `cpu_seconds`."""
        start = time.process_time()
        yield
        self.cpu_seconds += time.process_time() - start

    def order(self, seed: int, epoch: int) -> np.ndarray:
        """The rows of the training set as this epoch takes them."""
        rows = np.arange(len(self.dataset.train))
        return np.random.default_rng([seed, epoch]).permutation(rows) if self.shuffle else rows

    def fit(self, learning_rate: float, epochs: int, seed: int) -> tuple[pd.DataFrame, Evaluation]:
        """Train from a seed's initial values; return its curve and the last evaluation of the validation set.

        The curve has a row for each epoch from 0, the untrained network: seed, epoch, train_loss (mean over
        steps), validation_error, seconds (training alone), failed ("" or how) and failed_step. From a failure
        on, train_loss and validation_error are missing.
        """
        self.reset(seed)
        last = self.evaluate(self.validation_set)
        rows, digits, failed_step = [(seed, 0, np.nan, last.error, np.nan)], [len(set(last.predictions))], 0
        for epoch in tqdm(range(1, epochs + 1), desc=f"seed {seed}", unit="epoch"):
            order, start = self.order(seed, epoch), time.perf_counter()
            losses = self.epoch(learning_rate, order)
            seconds = time.perf_counter() - start
            if not np.isfinite(losses).all():
                failed_step = (epoch - 1) * self.steps + int(np.argmin(np.isfinite(losses))) + 1
                break
            last = self.evaluate(self.validation_set)
            rows.append((seed, epoch, float(losses.mean(dtype=np.float64)), last.error, seconds))
            digits.append(len(set(last.predictions)))
        rows += [(seed, epoch, np.nan, np.nan, np.nan) for epoch in range(len(rows), epochs + 1)]
        curve = pd.DataFrame(rows, columns=["seed", "epoch", "train_loss", "validation_error", "seconds"])
        return with_failure(curve, digits, failed_step, self.steps), last


def with_failure(curve: pd.DataFrame, digits: list[int], failed_step: int, steps: int) -> pd.DataFrame:
    """Mark a diverged run: a loss that is not finite at `failed_step`, or one digit for every image at the end.

    `digits` counts the different predictions at each evaluation. An error value shows neither: a network
    of NaN answers 0 to every image and scores what an untrained one may score.
    """
    failed = NOT_FINITE if failed_step else ONE_DIGIT if digits[-1] == 1 else ""
    if failed == ONE_DIGIT:
        collapsed = max((epoch + 1 for epoch, count in enumerate(digits) if count > 1), default=0)
        failed_step = collapsed * steps
        curve.loc[curve["epoch"] >= collapsed, ["train_loss", "validation_error"]] = np.nan
    return curve.assign(failed=failed, failed_step=failed_step)


def failure(curve: pd.DataFrame) -> str:
    """ "" for a run that learnt, else how it diverged and at which step."""
    end = curve.iloc[-1]
    return f"{end.failed} from step {end.failed_step:,}" if end.failed else ""


def study(trainer: Trainer, settings: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train from several initial values; return all curves, and for each seed which validation images were right."""
    curves, right = [], []
    for seed in range(settings["first_seed"], settings["first_seed"] + settings["seeds"]):
        curve, last = trainer.fit(settings["lr"], settings["epochs"], seed)
        curves.append(curve)
        right.append((seed, settings["epochs"], "" if failure(curve) else packed(last.right)))
    return pd.concat(curves, ignore_index=True), pd.DataFrame(right, columns=["seed", "epoch", "right"])


def first_steps(trainer: Trainer, learning_rate: float, seed: int, steps: int) -> tuple[int, float]:
    """Train from a seed's initial values; return the first of `steps` whose loss is not finite, or 0, and seconds.

    These are the seconds of one of the last steps; missing where all of them are the first, which also build the graph.
    """
    trainer.reset(seed)
    rows, part = trainer.order(seed, 1)[: steps * trainer.batch_size], PROBE_STEPS * trainer.batch_size
    losses, seconds = [], np.nan
    for first in range(0, len(rows), part):
        start = time.perf_counter()
        losses.append(trainer.epoch(learning_rate, rows[first : first + part]))
        seconds = (time.perf_counter() - start) / len(losses[-1]) if first else np.nan
    finite = np.isfinite(np.concatenate(losses))
    return 0 if finite.all() else int(np.argmin(finite)) + 1, seconds


def probe(dataset: Dataset, settings: dict) -> pd.DataFrame:
    """Does a network diverge within its first steps? A row for each way of initial values, head and seed.

    Columns init, head, seed, steps, failed ("" or how), failed_step and step_seconds, of the last steps. Networks of
    one head take turns, so that those that failed and those that did not are timed side by side.
    """
    rows, steps = [], settings["steps"]
    first = dataset._replace(train=Images(*(part[: steps * settings["batch_size"]] for part in dataset.train)))
    fixed = {name: settings[name] for name in ("filters", "batch_size", "shards", "device")}
    for head in HEADS:
        trainer = Trainer(first, head=head, **fixed)
        for seed, init in product(range(settings["first_seed"], settings["first_seed"] + settings["seeds"]), INITS):
            trainer.init = init
            failed_step, seconds = first_steps(trainer, settings["lr"], seed, steps)
            rows.append((init, head, seed, steps, NOT_FINITE if failed_step else "", failed_step, seconds))
    columns = ["init", "head", "seed", "steps", "failed", "failed_step", "step_seconds"]
    return pd.DataFrame(rows, columns=columns)


def packed(right: np.ndarray) -> str:
    """Which images were answered rightly, one bit each, as base64."""
    return base64.b64encode(np.packbits(right)).decode()


def save(network: keras.Model, path: str):
    """Save a model as a .keras file that is either whole or not there."""
    with files.whole(path) as part:
        network.save(part)


def confusion(test: Evaluation) -> pd.DataFrame:
    """Images by digit (rows) and answer (columns), 10 x 10."""
    counts = np.zeros((arithmetic.CLASSES, arithmetic.CLASSES), int)
    np.add.at(counts, (test.labels, test.predictions), 1)
    return pd.DataFrame(counts, columns=[str(digit) for digit in range(arithmetic.CLASSES)])


def worst(test: Evaluation, count: int = 20) -> pd.DataFrame:
    """The wrong answers of largest cross-entropy: columns image (its row in the set) and title."""
    wrong = np.flatnonzero(~test.right)
    chosen = wrong[np.argsort(-test.losses[wrong], kind="stable")][:count]
    titles = [f"{test.labels[image]} taken for {test.predictions[image]}" for image in chosen]
    return pd.DataFrame({"image": chosen, "title": titles})
