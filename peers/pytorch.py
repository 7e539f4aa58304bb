"""PyTorch, channels last, pooling before ReLU, which is the faster order."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lenet.arithmetic import CLASSES, HIDDEN_UNITS, SIDE
from peers.proof import RATE
from peers.reference import BATCH, pixels


class Network(nn.Module):
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
        return self.fc2(self.fc1(flow.permute(0, 2, 3, 1).flatten(1)))


class Eager:
    """One eager step a batch with `torch.optim.SGD`, images resident."""

    device = "cpu"

    def __init__(self, dataset, filters: int):
        self.threads = f"{torch.get_num_threads()} intra-op (PyTorch's default)"
        images = torch.from_numpy(pixels(dataset.train.images).astype(np.float32)).permute(0, 3, 1, 2)
        self.images = images.to(self.device)
        self.labels = torch.from_numpy(dataset.train.labels.astype(np.int64)).to(self.device)
        self.network = Network(filters).to(self.device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(self.network.parameters(), RATE)
        self.answer = self.network

    def set(self, weights):
        with torch.no_grad():
            for parameter, value in zip(self.network.parameters(), weights, strict=True):
                parameter.copy_(torch.from_numpy(value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T))

    def get(self):
        values = [parameter.detach().cpu().numpy() for parameter in self.network.parameters()]
        return [value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T for value in values]

    def train(self, images: int, rate: float = RATE):
        self.optimizer.param_groups[0]["lr"] = rate
        for start in range(0, images, BATCH):
            batch = slice(start, min(start + BATCH, images))
            self.optimizer.zero_grad()
            functional.cross_entropy(self.answer(self.images[batch]), self.labels[batch]).backward()
            self.optimizer.step()
        if self.device == "cuda":
            torch.cuda.synchronize()


class Compiled(Eager):
    """The same network through `torch.compile`, a program for each of the two batch sizes."""

    options = {}

    def __init__(self, dataset, filters: int):
        super().__init__(dataset, filters)
        self.answer = torch.compile(self.network, dynamic=False, **self.options)


class EagerOnGpu(Eager):
    device = "cuda"


class GraphsOnGpu(Compiled):
    """Compiled, and each pass through it recorded once as a CUDA graph."""

    device, options = "cuda", {"mode": "reduce-overhead"}
