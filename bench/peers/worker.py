"""The Python peers, in one process that lives as long as a question: one JSON request per line in, one JSON answer out.

    {"do": "versions"}                                   -> {"torch": "2.15.0", "scipy": null, ...}
    {"do": "enter", "peer": ..., "operation": ..., "dtype": ..., "rows": ..., "classes": ..., "logits": path, "labels": path}
                                                         -> {} or {"absent": reason}
    {"do": "linear", "x": path, "weights": path, "labels": path, "rows": ..., "features": ..., "classes": ..., "kind": ..., "dtype": ...,
     "checked": n}                                   -> {}; "torch" is then the linear layer, "checked" that of the first n rows
    {"do": "time", "peer": ..., "repetitions": n}        -> {"nanoseconds": ...}, measured here, around the calls alone
    {"do": "result", "peer": ..., "file": path}          -> {"loss": ...} and the other numbers in the file, in float64
    {"do": "leave", "peer": ...}                         -> {}

A peer is a function of (operation, logits, labels) that returns the call to be timed, or None for what it does not have.
"""

import importlib
import json
import sys
import time

import numpy as np


def numpy_call(operation, x, labels):
    """The shifted formulas written with NumPy, into arrays made beforehand."""
    rows = np.arange(len(x))
    out = np.empty_like(x)

    def shifted():
        np.subtract(x, x.max(axis=-1, keepdims=True), out=out)

    def exponentials_and_sum():
        shifted()
        np.exp(out, out=out)
        return out.sum(axis=-1, keepdims=True)

    def softmax():
        np.divide(out, exponentials_and_sum(), out=out)
        return {"values": out}

    def log_softmax():
        shifted()
        np.subtract(out, np.log(np.exp(out).sum(axis=-1, keepdims=True)), out=out)
        return {"values": out}

    def log_sum_exp():
        m = x.max(axis=-1, keepdims=True)
        np.subtract(x, m, out=out)
        np.exp(out, out=out)
        return {"values": m[:, 0] + np.log(out.sum(axis=-1))}

    def cross_entropy():
        return {"loss": np.mean(log_sum_exp()["values"] - x[rows, labels])}

    def cross_entropy_with_gradient():
        m = x.max(axis=-1, keepdims=True)
        np.subtract(x, m, out=out)
        np.exp(out, out=out)
        s = out.sum(axis=-1, keepdims=True)
        loss = np.mean(np.log(s[:, 0]) - (x[rows, labels] - m[:, 0]))
        np.divide(out, s * np.asarray(len(x), x.dtype), out=out)
        out[rows, labels] -= x.dtype.type(1 / len(x))
        return {"loss": loss, "values": out}

    return {
        "softmax": softmax,
        "logSoftmax": log_softmax,
        "logSumExp": log_sum_exp,
        "crossEntropy": cross_entropy,
        "crossEntropyWithGradient": cross_entropy_with_gradient,
    }[operation]


def scipy_call(operation, x, _labels):
    """scipy.special, which has no losses."""
    from scipy import special

    functions = {"softmax": special.softmax, "logSoftmax": special.log_softmax, "logSumExp": special.logsumexp}
    if operation not in functions:
        return None
    function = functions[operation]
    return lambda: {"values": function(x, axis=-1)}


def torch_call(operation, x, labels):
    """Eager PyTorch on one thread; into tensors made beforehand where it takes them; autograd for the gradient only."""
    import torch
    import torch.nn.functional as F

    logits = torch.from_numpy(x)
    targets = torch.from_numpy(labels.astype(np.int64))

    def without_graph(call):
        def run():
            with torch.inference_mode():
                return call()

        return run

    out = torch.empty_like(logits) if operation in ("softmax", "logSoftmax") else None
    sums = torch.empty(len(x), dtype=logits.dtype)

    def forward_and_backward():
        logits.grad = None
        loss = F.cross_entropy(logits, targets)
        loss.backward()
        return {"loss": loss.detach(), "values": logits.grad}

    if operation == "crossEntropyWithGradient":
        logits.requires_grad_(True)
        return forward_and_backward
    return without_graph(
        {
            "softmax": lambda: {"values": torch.softmax(logits, -1, out=out)},
            "logSoftmax": lambda: {"values": torch.log_softmax(logits, -1, out=out)},
            "logSumExp": lambda: {"values": torch.logsumexp(logits, -1, out=sums)},
            "crossEntropy": lambda: {"loss": F.cross_entropy(logits, targets)},
        }[operation]
    )


def torch_linear(x, weights, labels):
    """A linear layer, its cross-entropy and the gradients of weights and bias; of at most 1000 classes where they are handed out."""
    import torch
    import torch.nn.functional as F

    features = torch.from_numpy(x)
    layer = torch.from_numpy(weights).requires_grad_(True)
    bias = torch.zeros(len(weights), dtype=layer.dtype, requires_grad=True)
    targets = torch.from_numpy(labels.astype(np.int64))

    def forward_and_backward():
        layer.grad = bias.grad = None
        loss = F.cross_entropy(F.linear(features.to(layer.dtype), layer, bias), targets)
        loss.backward()
        return {"loss": loss.detach(), "values": layer.grad[:1000]}

    return forward_and_backward


PEERS = {"torch": torch_call, "scipy": scipy_call, "numpy": numpy_call}


def version_of(package):
    try:
        module = importlib.import_module(package)
    except ImportError:
        return None
    if package == "torch":
        module.set_num_threads(1)
    return module.__version__


def to_float64(values):
    array = values.detach().numpy() if hasattr(values, "detach") else np.asarray(values)
    return array.astype(np.float64)


calls = {}


def enter(request):
    dtype = np.float32 if request["dtype"] == "f32" else np.float64
    shape = (request["rows"], request["classes"])
    logits = np.fromfile(request["logits"], dtype).reshape(shape)
    labels = np.fromfile(request["labels"], np.int32)
    call = PEERS[request["peer"]](request["operation"], logits, labels)
    if call is None:
        return {"absent": f"{request['peer']} has no {request['operation']}"}
    calls[request["peer"]] = call
    return {}


DTYPES = {"u8": np.uint8, "f32": np.float32, "f64": np.float64}


def linear(request):
    x = np.fromfile(request["x"], DTYPES[request["kind"]]).reshape(request["rows"], request["features"])
    weights = np.fromfile(request["weights"], DTYPES[request["dtype"]]).reshape(request["classes"], request["features"])
    labels = np.fromfile(request["labels"], np.int32)
    checked = request["checked"]
    calls["torch"] = torch_linear(x, weights, labels)
    calls["checked"] = torch_linear(x[:checked], weights, labels[:checked])
    return {}


def time_calls(request):
    call = calls[request["peer"]]
    repetitions = range(request["repetitions"])
    start = time.perf_counter()
    for _ in repetitions:
        call()
    return {"nanoseconds": (time.perf_counter() - start) * 1e9}


def result(request):
    outcome = calls[request["peer"]]()
    if "values" in outcome:
        to_float64(outcome["values"]).tofile(request["file"])
    return {"loss": float(outcome["loss"])} if "loss" in outcome else {}


def leave(request):
    calls.pop(request["peer"], None)
    return {}


HANDLERS = {
    "versions": lambda request: {package: version_of(package) for package in PEERS},
    "enter": enter,
    "linear": linear,
    "time": time_calls,
    "result": result,
    "leave": leave,
}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = HANDLERS[request["do"]](request)
    except Exception as error:  # noqa: BLE001 - every failure of a peer is an answer, the bench goes on
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
