"""Parameters, operations and bytes of the network, by layer, from its shape alone."""

from typing import NamedTuple

SIDE = 28  # pixels
CLASSES = 10
HIDDEN_UNITS = 128
FLOAT_BYTES = 4


class Layer(NamedTuple):
    """One layer's cost for one image: multiply-adds (2 FLOP each) and bytes of its float32 output."""

    name: str
    kind: str  # "convolutional" or "fully connected"
    parameters: int
    forward_macs: int
    training_macs: int
    output_bytes: int


def layers(filters: int) -> list[Layer]:
    """The four layers for `filters` filters in each convolution.

    Training computes the output, the gradient of the weights and the gradient of the layer's input; the
    first layer needs no gradient of its input, the images.
    """

    def layer(name, kind, inputs, outputs, positions, backward):
        macs = inputs * outputs * positions
        parameters = (inputs + 1) * outputs
        return Layer(name, kind, parameters, macs, (1 + backward) * macs, FLOAT_BYTES * outputs * positions)

    half, quarter = SIDE // 2, SIDE // 4
    return [
        layer("conv1", "convolutional", 9, filters, SIDE**2, backward=1),
        layer("conv2", "convolutional", 9 * filters, filters, half**2, backward=2),
        layer("fc1", "fully connected", filters * quarter**2, HIDDEN_UNITS, 1, backward=2),
        layer("fc2", "fully connected", HIDDEN_UNITS, CLASSES, 1, backward=2),
    ]


def parameters(filters: int) -> int:
    """The number of trained values."""
    return sum(layer.parameters for layer in layers(filters))


def training_flops(filters: int, images: int) -> int:
    """FLOPs of convolutions and matrix products to train once on each of `images` images."""
    return 2 * images * sum(layer.training_macs for layer in layers(filters))


def forward_flops(filters: int, images: int) -> int:
    """FLOPs of convolutions and matrix products to evaluate each of `images` images."""
    return 2 * images * sum(layer.forward_macs for layer in layers(filters))
