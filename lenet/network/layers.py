"""Parameters, operations and bytes of the network by layer, from its shape alone."""

from typing import NamedTuple

SIDE = 28  # pixels
CLASSES = 10
HIDDEN_UNITS = 128
FLOAT_BYTES = 4


class Layer(NamedTuple):
    """One layer's cost for one image; a multiply-add is 2 FLOP."""

    name: str
    kind: str  # "convolutional" or "fully connected"
    parameters: int
    forward_macs: int  # multiply-adds
    training_macs: int
    output_bytes: int  # in float32


def layer(name: str, kind: str, inputs: int, outputs: int, positions: int, products: int) -> Layer:
    """The cost of `outputs` sums over `inputs` values and a bias, at each of some positions.

    Training takes `products` products of their size.
    """
    macs = inputs * outputs * positions
    parameters = (inputs + 1) * outputs
    output_bytes = FLOAT_BYTES * outputs * positions
    return Layer(name, kind, parameters, macs, products * macs, output_bytes)


def layers(filters: int) -> list[Layer]:
    """The four layers with weights, for `filters` filters in each convolution.

    Training computes the output, the gradient of the weights and that of the layer's input; the
    first layer needs no gradient of its input, the images.

    >>> [each.parameters for each in layers(16)]
    [160, 2320, 100480, 1290]
    """
    half = SIDE // 2
    features = filters * (SIDE // 4) ** 2
    return [
        layer("conv1", "convolutional", 9, filters, SIDE**2, 2),
        layer("conv2", "convolutional", 9 * filters, filters, half**2, 3),
        layer("fc1", "fully connected", features, HIDDEN_UNITS, 1, 3),
        layer("fc2", "fully connected", HIDDEN_UNITS, CLASSES, 1, 3),
    ]


def of_kind(filters: int, kind: str, what: str = "parameters") -> int:
    """The sum of a field of `Layer` over the layers of one kind, or over all for "".

    >>> of_kind(16, "convolutional"), of_kind(16, "")
    (2480, 104250)
    """
    return sum(getattr(each, what) for each in layers(filters) if kind in ("", each.kind))


def share(filters: int, kind: str, what: str = "parameters") -> float:
    """The part (0 to 1) that the layers of one kind have of a field's sum over all."""
    return of_kind(filters, kind, what) / of_kind(filters, "", what)


def parameters(filters: int) -> int:
    """The number of trained values."""
    return of_kind(filters, "")


def training_flops(filters: int, images: int) -> int:
    """FLOP of convolutions and matrix products to train once on each of `images` images."""
    return 2 * images * of_kind(filters, "", "training_macs")


def forward_flops(filters: int, images: int) -> int:
    """FLOP of convolutions and matrix products to evaluate each of `images` images."""
    return 2 * images * of_kind(filters, "", "forward_macs")
