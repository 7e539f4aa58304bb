"""PyTorch, channels last, pooling before ReLU, which is the faster order."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lenet.network.data import Dataset
from lenet.network.layers import CLASSES, HIDDEN_UNITS, SIDE
from peers.proof import RATE
from peers.reference import BATCH, Weights, pixels


def turn(value: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """A kernel with its axes in another order, or a matrix or bias transposed."""
    if value.ndim == 4:
        return value.transpose(axes)
    return value.T


class Network(nn.Module):
    """The network of 2017; images come as (n, 1, 28, 28)."""

    def __init__(self, filters: int):
        super().__init__()
        self.conv1 = nn.Conv2d(1, filters, 3, padding=1)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1)
        self.fc1 = nn.Linear(filters * (SIDE // 4) ** 2, HIDDEN_UNITS)
        self.fc2 = nn.Linear(HIDDEN_UNITS, CLASSES)

    def forward(self, flow):
        flow = functional.relu(functional.max_pool2d(self.conv1(flow), 2))
        flow = functional.relu(functional.max_pool2d(self.conv2(flow), 2))
        # In memory channels come last already, and so they do in the weights of the reference.
        flat = flow.permute(0, 2, 3, 1).flatten(1)
        return self.fc2(self.fc1(flat))


class Eager:
    """One eager step a batch with `torch.optim.SGD`, images resident."""

    device = "cpu"

    def __init__(self, dataset: Dataset, filters: int):
        self.threads = f"{torch.get_num_threads()} intra-op (PyTorch's default)"
        images = torch.from_numpy(pixels(dataset.train.images).astype(np.float32))
        labels = torch.from_numpy(dataset.train.labels.astype(np.int64))
        self.images = images.permute(0, 3, 1, 2).to(self.device)
        self.labels = labels.to(self.device)
        self.network = Network(filters).to(self.device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(self.network.parameters(), RATE)
        self.answer = self.network

    def set(self, weights: Weights) -> None:
        """Start from these weights."""
        with torch.no_grad():
            for parameter, value in zip(self.network.parameters(), weights, strict=True):
                turned = turn(value, (3, 2, 0, 1))
                parameter.copy_(torch.from_numpy(turned))

    def get(self) -> Weights:
        """The weights as they are."""
        found = []
        for parameter in self.network.parameters():
            value = parameter.detach().cpu().numpy()
            found.append(turn(value, (2, 3, 1, 0)))
        return found

    def train(self, images: int, rate: float = RATE) -> None:
        """Train once on the first `images` images."""
        self.optimizer.param_groups[0]["lr"] = rate
        for start in range(0, images, BATCH):
            batch = slice(start, min(start + BATCH, images))
            self.optimizer.zero_grad()
            logits = self.answer(self.images[batch])
            functional.cross_entropy(logits, self.labels[batch]).backward()
            self.optimizer.step()
        if self.device == "cuda":
            torch.cuda.synchronize()


class Compiled(Eager):
    """The same network through `torch.compile`, a program for each of the two batch sizes."""

    options: dict = {}

    def __init__(self, dataset: Dataset, filters: int):
        super().__init__(dataset, filters)
        self.answer = torch.compile(self.network, dynamic=False, **self.options)


class EagerOnGpu(Eager):
    """The same on a GPU."""

    device = "cuda"


class GraphsOnGpu(Compiled):
    """Compiled, and each pass through it recorded once as a CUDA graph."""

    device = "cuda"
    options = {"mode": "reduce-overhead"}
