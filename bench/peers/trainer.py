"""The peers of the trainer, in one process: one JSON request per line in, one JSON answer out.

    {"do": "versions"}                             -> {"sklearn": "1.9.1", "torch": null, ..., "solvers": [{"name", "library", "call"}, ...]}
    {"do": "data", "name": ..., "folder": path}    -> {"rows", "features", "classes", "kind", "scale", "about"} and files, or {"missing": reason}
    {"do": "data", "folder": path, "rows": ..., "columns": ...}  -> {}; sparse rows are read from the files there
    {"do": "run", "solver": ..., "targets": [objectives, falling], "limit": seconds, "curve": bool, "threads": n}
                                                   -> {"reached": [seconds or null per target], "passed": [objective at that time or null],
                                                       "passes": [passes over the data by then], "seconds", "objective" (the best seen), "curve": [[seconds, objective], ...], "end"}
                                                      or {"absent": reason}
    {"do": "objective", "parameters": path}        -> {"objective": ...} of weights and intercepts, classes × (features + 1)
    {"do": "newton"}                               -> {"objective": ...} at a solution of full Newton steps

The problem is mean(cross-entropy) + l2/2 ‖W‖² with l2 = 1/rows, intercepts free. Each solver runs once through its library's own code; hooks
note the time at which it has new parameters, stop the clock, and compute the objective in float64 by `objective`, the same for everyone.
A pass is a visit of all rows: a gradient, a product with the Hessian, an epoch; for newton-cholesky a step.
A solver that says itself what its objective is (lbfgs, L-BFGS) is checked only near the targets. Conversion to the dtype of a solver is not
part of its time. The run ends when the last target is reached, or the time is up.
"""

import json
import os
import sys
import time
import types
import warnings

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import trainer_data  # noqa: E402

warnings.filterwarnings("ignore")
CHUNK = 8192


class Problem:
    """A data set with the common objective."""

    def __init__(self, data):
        self.data = data
        self.rows, self.features = data.x.shape
        self.classes = int(data.labels.max()) + 1
        self.l2 = 1 / self.rows
        self.sparse = hasattr(data.x, "indptr")
        self.converted = {}
        self.epochs = {}  # solver → epochs per target, once they are known

    def chunk(self, first):
        part = self.data.x[first : first + CHUNK]
        return part.astype(np.float64) if self.sparse else part * np.float64(self.data.scale)

    def matrix(self, dtype):
        """All features, scaled, in the dtype that a solver likes."""
        if dtype not in self.converted:
            self.converted.clear()
            self.converted[dtype] = (
                self.data.x.astype(dtype) if self.sparse else np.ascontiguousarray(self.data.x * dtype(self.data.scale), dtype)
            )
        return self.converted[dtype]

    def objective(self, weights, intercepts):
        """mean(log Σ_k exp(o_k) − o_label) + l2/2 ‖W‖² in float64; weights: classes × features."""
        weights = np.ascontiguousarray(np.asarray(weights, np.float64).T)
        total = 0.0
        for first in range(0, self.rows, CHUNK):
            logits = self.chunk(first) @ weights
            logits += intercepts
            own = self.data.labels[first : first + CHUNK]
            logits -= logits.max(axis=1, keepdims=True)
            picked = logits[np.arange(len(own)), own]
            total += np.sum(np.log(np.sum(np.exp(logits, out=logits), axis=1)) - picked)
        return total / self.rows + self.l2 / 2 * np.sum(weights * weights)


class Done(Exception):
    """Ends a run: targets reached, time up, or no progress."""


class Watch:
    """The clock of a run. `see` is called with new parameters, and with the solver's own idea of its objective if it has one."""

    SLACK = 3e-6  # how much a float32 objective may be off, relative
    PATIENCE = 60

    def __init__(self, problem, request):
        self.problem = problem
        self.targets = request["targets"]
        self.limit = request["limit"]
        self.curve = [] if request["curve"] else None
        self.reached = [None] * len(self.targets)
        self.reached_passes = [None] * len(self.targets)
        self.passed = [None] * len(self.targets)
        self.passes = 0
        self.best = np.inf
        self.claimed_best = np.inf
        self.since = 0
        self.next_point = 0.0
        self.restart()

    def restart(self):
        self.paused = 0.0
        self.start = time.perf_counter()

    def elapsed(self):
        return time.perf_counter() - self.start - self.paused

    def see(self, parameters, claimed=None):
        seconds = self.elapsed()
        pause = time.perf_counter()
        self.progress(claimed)
        goal = next((target for target, at in zip(self.targets, self.reached) if at is None), -np.inf)
        near = claimed is None or claimed <= goal + self.SLACK * abs(goal)
        if near or (self.curve is not None and seconds >= self.next_point):
            self.note(seconds, float(self.problem.objective(*parameters())))
        if self.reached[-1] is not None:
            raise Done("reached")
        if seconds > self.limit:
            raise Done("time is up")
        if self.since > self.PATIENCE:
            raise Done("no progress")
        self.paused += time.perf_counter() - pause

    def progress(self, claimed):
        if claimed is None:
            return
        if self.claimed_best == np.inf or claimed < self.claimed_best - 1e-9 * abs(self.claimed_best):
            self.claimed_best, self.since = claimed, 0
        else:
            self.since += 1

    def note(self, seconds, objective):
        self.next_point = max(1.12 * seconds, seconds + 0.001)
        if objective < self.best:
            self.best = objective
            if self.curve is not None:
                self.curve.append([seconds, objective])
        for i, target in enumerate(self.targets):
            if self.reached[i] is None and objective <= target:
                self.reached[i], self.reached_passes[i], self.passed[i] = seconds, self.passes, objective


def halves(vector):
    """Two classes of a solver that knows one: its weights w mean ±w/2, which penalises half as much."""
    return np.stack([-vector / 2, vector / 2])


def matrix_of(problem, coefficients):
    """classes × (features + 1) from scikit-learn's ravelled coefficients."""
    coefficients = np.asarray(coefficients, np.float64)
    if problem.classes == 2:
        return halves(coefficients.ravel())
    return coefficients.reshape(problem.classes, -1, order="F")


def logistic_regression(solver, dtype):
    def run(problem, watch_for):
        from sklearn.linear_model import LogisticRegression
        from sklearn.linear_model import _logistic as inside

        x, labels = problem.matrix(dtype), problem.data.labels
        watch = None

        def see(coefficients, claimed=None):
            def parameters():
                both = matrix_of(problem, coefficients)
                return both[:, :-1], both[:, -1]

            watch.see(parameters, claimed)

        def counted(function):
            def call(*arguments):
                watch.passes += 1
                return function(*arguments)

            return call

        minimize, newton_cg, cholesky = inside.optimize.minimize, inside._newton_cg, inside.NewtonCholeskySolver

        def watched_minimize(function, *arguments, **options):
            options["callback"] = lambda intermediate_result: see(intermediate_result.x, float(intermediate_result.fun))
            return minimize(counted(function), *arguments, **options)

        def watched_newton_cg(grad_hess, *functions, **options):
            def watched(point, *rest):
                see(point)
                watch.passes += 1
                gradient, product = grad_hess(point, *rest)
                return gradient, counted(product)

            options = {name: counted(value) if callable(value) else value for name, value in options.items()}
            return newton_cg(watched, *map(counted, functions), **options)

        class WatchedCholesky(cholesky):
            def line_search(self, *arguments, **options):
                super().line_search(*arguments, **options)
                watch.passes += 1
                see(self.coef)

        # Penalty 1/(2C) ‖w‖² on the sum of losses, half of ours for two classes.
        strength = 1 / (problem.l2 * problem.rows) * (2 if problem.classes == 2 else 1)
        estimator = LogisticRegression(C=strength, solver=solver, tol=1e-14, max_iter=1_000_000)
        inside.optimize = types.SimpleNamespace(minimize=watched_minimize)
        inside._newton_cg, inside.NewtonCholeskySolver = watched_newton_cg, WatchedCholesky
        try:
            watch = watch_for()
            estimator.fit(x, labels)
            see(np.hstack([estimator.coef_, estimator.intercept_[:, None]]).ravel(order="F"))
        finally:
            from scipy import optimize

            inside.optimize, inside._newton_cg, inside.NewtonCholeskySolver = optimize, newton_cg, cholesky

    return run


def average_gradient(name, dtype):
    """sag and saga tell nothing while they run. First the solver behind LogisticRegression, epoch by epoch, continued with its whole state,
    finds how many epochs a target takes; then LogisticRegression is timed with so many, and a few more where its random numbers need them."""
    solver = name.split()[0]

    def chain(problem, watch):
        from sklearn.linear_model._sag import sag_solver
        from sklearn.utils.extmath import row_norms

        x = problem.matrix(dtype)
        binary = problem.classes == 2
        labels = problem.data.labels.astype(dtype)
        random = np.random.RandomState(0)
        largest = row_norms(x, squared=True).max()
        state = {"coef": np.zeros((problem.features + 1, 1 if binary else problem.classes), dtype, order="C")}
        alpha = problem.l2 * problem.rows / (2 if binary else 1)
        loss = "log" if binary else "multinomial"

        def parameters():
            both = np.asarray(state["coef"].T, np.float64)
            both = halves(both[0]) if binary else both
            return both[:, :-1], both[:, -1]

        while True:
            more = max(1, watch.passes // 8)
            *_, state = sag_solver(
                x, labels, None, loss, alpha, 0.0, more, 0.0, 0, random, False, largest, state, solver == "saga"
            )
            watch.passes += more
            watch.see(parameters)

    def run(problem, watch_for):
        from sklearn.linear_model import LogisticRegression

        x, labels = problem.matrix(dtype), problem.data.labels
        watch = watch_for()
        end = Done("as many epochs as before")
        if name not in problem.epochs:
            try:
                chain(problem, watch)
            except Done as done:
                end = done
                problem.epochs[name] = list(watch.reached_passes)
        known = problem.epochs[name]
        watch.reached = [None] * len(known)
        for i, first in enumerate(known):
            epochs = first
            while epochs is not None and watch.reached[i] is None:
                strength = 1 / (problem.l2 * problem.rows) * (2 if problem.classes == 2 else 1)
                estimator = LogisticRegression(C=strength, solver=solver, tol=0.0, max_iter=epochs, random_state=0)
                watch.restart()
                estimator.fit(x, labels)
                seconds = watch.elapsed()
                both = matrix_of(problem, np.hstack([estimator.coef_, estimator.intercept_[:, None]]).ravel(order="F"))
                watch.passes = known[i] = epochs
                watch.note(seconds, float(problem.objective(both[:, :-1], both[:, -1])))
                epochs += max(1, epochs // 20)
                if epochs > 2 * first:
                    break
        raise end

    return run


def torch_lbfgs(dtype):
    """torch.optim.LBFGS on all rows with the strong Wolfe conditions; sparse rows as CSR, both ways round."""

    def run(problem, watch_for):
        import torch
        import torch.nn.functional as F

        kind = torch.float32 if dtype is np.float32 else torch.float64
        x = problem.matrix(dtype)
        if problem.sparse:

            def csr(a):
                return torch.sparse_csr_tensor(torch.from_numpy(a.indptr), torch.from_numpy(a.indices), torch.from_numpy(a.data), a.shape)

            there, back = csr(x), csr(x.T.tocsr())

            class Product(torch.autograd.Function):
                @staticmethod
                def forward(_, transposed):
                    return there @ transposed

                @staticmethod
                def backward(_, gradient):
                    return back @ gradient

            def logits():
                return Product.apply(weights.t()) + intercepts
        else:
            features = torch.from_numpy(x)

            def logits():
                return F.linear(features, weights, intercepts)

        labels = torch.from_numpy(problem.data.labels.astype(np.int64))
        weights = torch.zeros((problem.classes, problem.features), dtype=kind, requires_grad=True)
        intercepts = torch.zeros(problem.classes, dtype=kind, requires_grad=True)
        history = 100 if weights.numel() < 1_000_000 else 10
        optimizer = torch.optim.LBFGS(
            [weights, intercepts],
            max_iter=1_000_000,
            max_eval=1_000_000,
            tolerance_grad=0,
            tolerance_change=0,
            history_size=history,
            line_search_fn="strong_wolfe",
        )
        watch = watch_for()

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(logits(), labels) + problem.l2 / 2 * (weights * weights).sum()
            loss.backward()
            watch.passes += 1
            watch.see(lambda: (weights.detach().numpy(), intercepts.detach().numpy().astype(np.float64)), loss.item())
            return loss

        optimizer.step(closure)

    return run


def too_much_for_cholesky(problem):
    """A step forms and factors a matrix of (classes · features)²."""
    size = problem.classes * (problem.features + 1)
    return size > 4000 and f"its matrix has {size} rows"


# The same solver in float32 comes first: on large data its twin in float64 is left out where that got there.
SOLVERS = {
    "newton-cg f32": ("sklearn", logistic_regression("newton-cg", np.float32)),
    "newton-cg f64": ("sklearn", logistic_regression("newton-cg", np.float64)),
    "lbfgs f32": ("sklearn", logistic_regression("lbfgs", np.float32)),
    "lbfgs f64": ("sklearn", logistic_regression("lbfgs", np.float64)),
    "newton-cholesky f64": ("sklearn", logistic_regression("newton-cholesky", np.float64)),
    "sag f32": ("sklearn", average_gradient("sag f32", np.float32)),
    "sag f64": ("sklearn", average_gradient("sag f64", np.float64)),
    "saga f32": ("sklearn", average_gradient("saga f32", np.float32)),
    "saga f64": ("sklearn", average_gradient("saga f64", np.float64)),
    "L-BFGS f32": ("torch", torch_lbfgs(np.float32)),
    "L-BFGS f64": ("torch", torch_lbfgs(np.float64)),
}

problem = None


def versions(_):
    found = {}
    for package in ("sklearn", "torch", "numpy", "scipy"):
        try:
            found[package] = __import__(package).__version__
        except ImportError:
            found[package] = None
    found["solvers"] = [{"name": name, "library": library} for name, (library, _) in SOLVERS.items() if found[library]]
    return found


def data(request):
    global problem
    problem = None
    if "columns" in request:
        problem = Problem(trainer_data.written(request["folder"], request["rows"], request["columns"]))
        return {}
    try:
        made = trainer_data.make(request["name"])
    except trainer_data.Missing as missing:
        return {"missing": str(missing)}
    problem = Problem(made)
    path = lambda part: os.path.join(request["folder"], part)  # noqa: E731
    made.labels.astype(np.int32).tofile(path("labels"))
    made.x.tofile(path("features"))
    kind = {"uint8": "u8", "float32": "f32", "float64": "f64"}[made.x.dtype.name]
    shape = {"rows": problem.rows, "features": problem.features, "classes": problem.classes}
    return {**shape, "kind": kind, "scale": made.scale, "about": made.about}


def run(request):
    name = request["solver"]
    reason = name.startswith("newton-cholesky") and too_much_for_cholesky(problem)
    if reason:
        return {"absent": reason}
    watch = None

    def watch_for():
        nonlocal watch
        watch = Watch(problem, request)
        return watch

    end = "its own"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(request["threads"])
    try:
        with threadpool_limits(request["threads"]):
            SOLVERS[name][1](problem, watch_for)
    except Done as done:
        end = str(done)
    return {
        "reached": watch.reached,
        "passed": watch.passed,
        "passes": watch.reached_passes,
        "seconds": watch.elapsed(),
        "objective": None if watch.best == np.inf else watch.best,
        "curve": watch.curve or [],
        "end": end,
    }


def objective(request):
    both = np.fromfile(request["parameters"], np.float64)
    weights = both[: problem.classes * problem.features].reshape(problem.classes, problem.features)
    return {"objective": float(problem.objective(weights, both[weights.size :]))}


def newton(_):
    """Full Newton steps of the dense problem with halving, until nothing improves."""
    x = np.vstack([problem.chunk(first) for first in range(0, problem.rows, CHUNK)])
    x = np.hstack([x, np.ones((len(x), 1))])
    classes, size = problem.classes, x.shape[1]
    penalty = np.full(size, problem.l2)
    penalty[-1] = 0
    truth = np.eye(classes)[problem.data.labels]
    both = np.zeros((classes, size))
    value = problem.objective(both[:, :-1], both[:, -1])
    for _ in range(100):
        logits = x @ both.T
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        gradient = (p - truth).T @ x / len(x) + penalty * both
        # Σ p_k (δ_kj − p_j) x xᵀ: a block per class, less the product of all p_k x with themselves.
        hessian = np.zeros((classes * size, classes * size))
        for first in range(0, len(x), CHUNK):
            part, weights = x[first : first + CHUNK], p[first : first + CHUNK]
            weighted = (weights[:, :, None] * part[:, None, :]).reshape(len(part), -1)
            hessian -= weighted.T @ weighted
            for k in range(classes):
                own = slice(k * size, (k + 1) * size)
                hessian[own, own] += weighted[:, own].T @ part
        hessian = hessian.reshape(classes, size, classes, size) / len(x)
        for k in range(classes):
            hessian[k, :, k, :] += np.diag(penalty)
        # A common shift of the intercepts changes nothing: its curvature is set to 1.
        hessian[:, -1, :, -1] += 1 / classes
        step = np.linalg.solve(hessian.reshape(classes * size, -1), gradient.ravel()).reshape(both.shape)
        length = 1.0
        while length > 1e-3:
            trial = both - length * step
            reached = problem.objective(trial[:, :-1], trial[:, -1])
            if reached < value:
                break
            length /= 2
        else:
            return {"objective": float(value)}
        both, value = trial, reached
    return {"objective": float(value)}


HANDLERS = {"versions": versions, "data": data, "run": run, "objective": objective, "newton": newton}

if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = HANDLERS[asked["do"]](asked)
        except Exception as error:  # noqa: BLE001 - every failure of a peer is an answer, the bench goes on
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
