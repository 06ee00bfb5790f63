#!/usr/bin/env python3
"""Writes the test vectors of the softmax family: adversarial rows of logits and their exact results.

    python3 generate.py                     write all sixteen files next to this script (about two minutes)
    python3 generate.py --only f64-F        one file; --check compares with what is there instead of writing
    python3 generate.py --seed 7 --out DIR  other rows of the same kinds, elsewhere

Needs Python 3.9 or newer and mpmath 1.3. Every random choice comes from the seed, and no logit depends on the
machine's mathematical library, so the same command gives the same bytes everywhere.

With m = max x, k its first index, s = sum over i != k of exp(x_i - m), L = log1p(s), a row's results are
    softmax_j = exp(x_j - m) / (1 + s)      logSoftmax_j = (x_j - m) - L      logSumExp = m + L
    loss = (m - x_label) + L                labelGradient = softmax_label - 1 = -(sum of the others) / (1 + s)
The gradient at the other places is softmax itself and is not stored twice.

How a file stores numbers, all base64 of little-endian data: `logits` are the bits of the row, or a recipe that
load.ts repeats exactly. A result is a pair [rounded, residual]: the bits of the exact value rounded to the output
format, and as float32 how far the exact value lies from it, in units of the format's spacing at the exact value
(the subnormal spacing as the floor). The pair fixes the exact value to 3e-8 ulp at any magnitude, subnormal
results included, where a pair of doubles could not. Rows longer than 64 store the results of chosen places, `at`.
"""
import argparse
import base64
import json
import math
import pathlib
import random
import struct
import sys

import mpmath
from mpmath import mp, mpf

DIGITS = 80
PLACES = 64  # how many components of a long row are stored
FORMATS = {  # struct code, bytes, significand bits, exponent of the smallest subnormal, largest finite value
    'f32': ('f', 4, 24, -149, (2 - 2.0 ** -23) * 2.0 ** 127),
    'f64': ('d', 8, 53, -1074, sys.float_info.max),
}
CATEGORIES = {
    'A': 'random N(0, 1) and N(0, 5), n = 2 to 1000',
    'B': 'one logit ahead by a margin until the loss underflows; the label is the argmax',
    'C': 'near ties: spreads from 1e-3 to one ulp, exact ties',
    'D': 'n = 100000: normal, sorted, constant, spikes over a flat floor',
    'E': 'a large common offset',
    'F': 'normalised log-probabilities: logSumExp next to 0',
    'G': 'uniform(-max, 30), the full exponent range, differences that overflow',
    'H': 'the label is not the argmax, up to large margins',
}


# --- numbers of the two formats ---

def fmt(dtype, x):
    """x (float or mpf) rounded to the format, as a float."""
    rounded, _ = round_exact(dtype, mpf(x))
    return rounded


def spacing_exponent(dtype, v):
    _, _, bits, lowest, _ = FORMATS[dtype]
    _, _, exponent, length = v._mpf_
    return max(exponent + length - bits, lowest)


def round_exact(dtype, v):
    """The nearest number of the format, ties to even, and the distance of v from it in units of its spacing."""
    if not v:
        return 0.0, 0.0
    q = spacing_exponent(dtype, v)
    steps = mp.ldexp(v, -q)
    nearest = mp.nint(steps)
    if abs(mp.ldexp(nearest, q)) > FORMATS[dtype][4]:
        return (float('inf') if v > 0 else float('-inf')), 0.0
    return math.ldexp(int(nearest), q), float(steps - nearest)


def step(dtype, x, count):
    """x moved by `count` units in the last place (not across zero)."""
    return fmt(dtype, mpf(x) + count * mp.ldexp(1, spacing_exponent(dtype, mpf(x))))


def pack(code, values):
    return base64.b64encode(struct.pack('<%d%s' % (len(values), code), *values)).decode()


# --- exact results of one row ---

def exact_results(logits, label):
    """(softmax, log_softmax) as functions of a place, then logSumExp, loss and the gradient at the label."""
    first = max(range(len(logits)), key=lambda i: (logits[i], -i))
    m = mpf(logits[first])
    exponential = {}  # constant rows would otherwise compute the same value 100000 times
    for x in set(logits):
        d = mpf(x) - m
        exponential[x] = mp.exp(d) if d > -20000 else mpf(0)  # e^-20000 vanishes beside any spacing stored here
    s = mp.fsum(exponential[x] for i, x in enumerate(logits) if i != first)
    others = s if label == first else 1 + (s - exponential[logits[label]])
    total, log_total = 1 + s, mp.log1p(s)

    def softmax(i):
        return exponential[logits[i]] / total

    def log_softmax(i):
        return (mpf(logits[i]) - m) - log_total

    return softmax, log_softmax, m + log_total, -log_softmax(label), -others / total


def places(rng, logits, label):
    """The components of a long row whose results are stored: extremes, ends, the label, and random ones."""
    n = len(logits)
    if n <= PLACES:
        return list(range(n))
    by_size = sorted(range(n), key=lambda i: logits[i])
    chosen = {0, 1, n - 2, n - 1, label, *by_size[:4], *by_size[-8:], by_size[n // 2]}
    while len(chosen) < PLACES:
        chosen.add(rng.randrange(n))
    return sorted(chosen)


def encode(dtype, rng, name, logits, label, recipe=None):
    code = FORMATS[dtype][0]
    at = places(rng, logits, label)
    softmax, log_softmax, log_sum_exp, loss, label_gradient = exact_results(logits, label)

    def pairs(values):
        rounded, residuals = zip(*(round_exact(dtype, v) for v in values))
        return [pack(code, rounded), pack('f', residuals)]

    row = {'name': name, 'classes': len(logits), 'label': label, 'logits': recipe or pack(code, logits)}
    if len(at) < len(logits):
        row['at'] = pack('i', at)
    row['softmax'] = pairs(softmax(i) for i in at)
    row['logSoftmax'] = pairs(log_softmax(i) for i in at)
    row['logSumExp'] = pairs([log_sum_exp])
    row['loss'] = pairs([loss])
    row['labelGradient'] = pairs([label_gradient])
    return row


# --- random logits ---

def normal(rng):
    """N(0, 1) by Box and Muller, through mpmath so that the bits do not depend on the machine's log and cos."""
    return mp.sqrt(-2 * mp.log(1 - mpf(rng.random()))) * mp.cospi(2 * mpf(rng.random()))


def argmax(x):
    return max(range(len(x)), key=lambda i: (x[i], -i))


def other_than(rng, n, k):
    return (k + 1 + rng.randrange(n - 1)) % n


def rows_a(dtype, rng):
    sizes = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 17, 20, 31, 32, 33, 50, 63, 64, 65] * 3
    sizes += [100, 127, 128, 129, 200, 255, 256, 257, 300, 500, 511, 512, 513, 700, 1000]
    for sigma in (1, 5):
        for n in sizes:
            x = [fmt(dtype, sigma * normal(rng)) for _ in range(n)]
            yield f'N(0, {sigma}), n = {n}', x, rng.randrange(n)


def rows_b(dtype, rng):
    whole = [1, 2, 3, 5, 7, 10, 14, 16, 17, 18, 20, 25, 30, 35, 40, 50, 60, 70, 80, 85, 87]
    whole += [88, 89, 90, 92, 95, 98, 100, 101, 102, 103, 103.2, 103.9, 104, 105] if dtype == 'f32' else \
        [36, 37, 38, 44, 100, 150, 200, 300, 400, 500, 600, 650, 690, 700, 705, 708, 709, 710, 712, 715, 720, 725,
         730, 735, 738, 740, 742, 744, 744.4, 745, 745.1, 745.2, 746]
    for margin in whole:
        for n in (2, 3, rng.choice((5, 10, 33, 100))):
            gap = margin + (0 if n == 2 else rng.random())
            top = rng.choice((0, gap, gap / 3, -gap))
            x = [fmt(dtype, top - gap - (0 if i == 0 else abs(normal(rng)) * rng.choice((0, 1)))) for i in range(n)]
            k = rng.randrange(n)
            x[k] = fmt(dtype, top)
            yield f'margin {margin}, n = {n}', x, argmax(x)
        tiny = fmt(dtype, rng.choice((1, -1)) * rng.choice((mp.ldexp(rng.randrange(1, 999), FORMATS[dtype][3]), 1e-30)))
        yield f'margin {margin} below {tiny}', [tiny, fmt(dtype, tiny - margin)], 0


def rows_c(dtype, rng):
    bases = [0.0, 0.1, 1.0, -3.7, 100.0, -1000.1, 1e-30, 2.0 ** -126, 1e6]
    for base in bases:
        for n in (2, 3, 7, 64, 300):
            near = [fmt(dtype, base + mpf(1e-6) * mpf(rng.random())) for _ in range(n)]
            yield f'{base} + uniform(0, 1e-6), n = {n}', near, rng.randrange(n)
            ulps = [step(dtype, fmt(dtype, base), rng.choice((-1, 0, 1))) for _ in range(n)]
            yield f'{base} and one ulp around, n = {n}', ulps, rng.randrange(n)
            yield f'{base} exactly, n = {n}', [fmt(dtype, base)] * n, rng.randrange(n)
    for spread in (1e-3, 1e-5, 1e-8, 1e-10, 1e-13, 1e-16):
        for n in (2, 5, 40):
            x = [fmt(dtype, 0.5 + mpf(spread) * normal(rng)) for _ in range(n)]
            yield f'0.5 + N(0, {spread}), n = {n}', x, rng.randrange(n)
            ties = [fmt(dtype, normal(rng) - 3) for _ in range(n)] + [1.0, 1.0, 1.0]
            rng.shuffle(ties)
            yield f'three equal leaders, n = {n + 3}', ties, rng.choice((argmax(ties), rng.randrange(n)))


# --- long rows, written down as recipes ---

def mulberry32(seed):
    """Tommy Ettinger's generator of 32-bit integers; load.ts repeats it."""
    mask, a = 0xFFFFFFFF, seed
    while True:
        a = (a + 0x6D2B79F5) & mask
        t = ((a ^ (a >> 15)) * (a | 1)) & mask
        t ^= (t + (t ^ (t >> 7)) * (t | 61)) & mask
        yield t ^ (t >> 14)


def follow(dtype, recipe):
    """The row that a recipe describes. Every operation is one IEEE double operation, so both languages agree."""
    n = recipe['length']
    scale, offset = (struct.unpack('<d', base64.b64decode(recipe[key]))[0] for key in ('scale', 'offset'))
    if 'seed' in recipe:  # the sum of twelve uniform numbers is close to normal, and exact
        bits = mulberry32(recipe['seed'])
        x = [offset + scale * ((sum(next(bits) for _ in range(12)) - 6 * 2 ** 32) / 2 ** 32) for _ in range(n)]
    else:
        x = [offset] * n
    if dtype == 'f32':
        x = list(struct.unpack('<%df' % n, struct.pack('<%df' % n, *x)))
    if recipe['order'] != 'none':
        x.sort(reverse=recipe['order'] == 'descending')
    for place, value in recipe['spikes']:
        x[place] = struct.unpack('<' + FORMATS[dtype][0], base64.b64decode(value))[0]
    return x


def rows_d(dtype, rng):
    n, code, deep = 100000, FORMATS[dtype][0], 700 if dtype == 'f64' else 87
    lowest = deep + (45 if dtype == 'f64' else 16)  # the floor's probabilities are subnormal

    def row(name, scale, offset, order='none', spikes=(), noise=True, label='random'):
        recipe = {'length': n, 'scale': pack('d', [scale]), 'offset': pack('d', [offset]), 'order': order,
                  'spikes': [[p, pack(code, [fmt(dtype, v)])] for p, v in spikes]}
        if noise:
            recipe['seed'] = rng.getrandbits(32)
        x = follow(dtype, recipe)
        k = argmax(x)
        return name, x, {'argmax': k, 'other': other_than(rng, n, k), 'random': rng.randrange(n)}[label], recipe

    yield row('normal', 1.0, 0.0)
    yield row('normal, deviation 5/3, offset 1e4', 5 / 3, 1e4, label='argmax')
    yield row('normal, deviation 40', 40.0, 0.1)
    yield row('ascending', 1.1, 0.0, 'ascending')
    yield row('descending', 1.1, 0.3, 'descending', label='argmax')
    yield row('constant 0.1', 0.0, 0.1, noise=False)
    yield row('constant -1000.1', 0.0, -1000.1, noise=False)
    yield row('spike of 12 over a flat floor', 0.0, 0.1, spikes=[(77777, 12.1)], noise=False, label='argmax')
    for margin in (30.3, deep, lowest):
        yield row(f'spike of {margin} over a flat floor', 0.0, -0.3, spikes=[(40001, margin)], noise=False, label='argmax')
        yield row(f'spike of {margin} over noise', 0.7, 0.0, spikes=[(99999, margin)], label='other')
    yield row('two equal spikes over a floor', 0.0, 0.1, spikes=[(5, 50.7), (99000, 50.7)], noise=False, label='argmax')
    yield row('two spikes 30 apart over a floor', 0.0, -60.2, spikes=[(5, 30.7), (99000, 0.7)], noise=False, label='argmax')
    yield row('a spike over sorted noise', 2 / 3, -40.0, 'ascending', spikes=[(0, 0.9)], label='argmax')


def rows_e(dtype, rng):
    offsets = [1e3, 1e4, 1e5, 1e6, 1e7] if dtype == 'f32' else [10.0 ** e for e in range(4, 16)]
    for offset in offsets:
        for sign in (1, -1):
            for n, sigma in ((2, 1), (3, 5), (10, 1), (33, 3), (rng.choice((64, 100, 257)), 2)):
                x = [fmt(dtype, sign * offset + sigma * normal(rng)) for _ in range(n)]
                yield f'offset {sign * offset:g}, N(0, {sigma}), n = {n}', x, rng.choice((argmax(x), rng.randrange(n)))


# --- logSumExp next to zero ---

def excess(x):
    """sum exp(x_i) - 1, to full precision."""
    return mp.fsum(mp.exp(mpf(v)) for v in x) - 1


def expm1_series(d):
    """expm1 for |d| < 2^-8, by its series: only + and *, so the search takes the same path on every machine."""
    return d * (1 + d * (1 / 2 + d * (1 / 6 + d * (1 / 24 + d * (1 / 120 + d / 720)))))


def log1p_series(d):
    return d * (1 - d * (1 / 2 - d * (1 / 3 - d * (1 / 4 - d * (1 / 5 - d / 6)))))


def nearest_to_zero(dtype, x, reach):
    """Moves x[0] by up to `reach` ulps and x[-1] by what that asks for, and keeps the pair with the least excess."""
    e0 = float(excess(x))
    unit, last_unit = (float(mp.ldexp(1, spacing_exponent(dtype, mpf(v)))) for v in (x[0], x[-1]))
    p, last = float(mp.exp(mpf(x[0]))), float(mp.exp(mpf(x[-1])))
    best = (abs(e0), 0, 0)
    for a in range(-reach, reach + 1):
        e = e0 + p * expm1_series(a * unit)
        b = round(log1p_series(-e / last) / last_unit) if abs(e) < last / 256 else 0
        best = min(best, (abs(e + last * expm1_series(b * last_unit)), a, b))
    moved = list(x)
    moved[0], moved[-1] = step(dtype, x[0], best[1]), step(dtype, x[-1], best[2])
    return moved if abs(excess(moved)) < abs(excess(x)) else x


def log_probabilities(dtype, rng, n, sigma):
    """Normalised log-probabilities of a random row, the last one chosen so that they sum to one as nearly as it can."""
    raw = [sigma * normal(rng) for _ in range(n)]
    total = mp.log(mp.fsum(mp.exp(v) for v in raw))
    x = sorted(fmt(dtype, v - total) for v in raw)
    rest = 1 - mp.fsum(mp.exp(mpf(v)) for v in x[:-1])
    return x[:-1] + [fmt(dtype, mp.log(rest))]


def rows_f(dtype, rng):
    for n in (2, 3, 4, 5, 6, 8, 10, 16, 17, 33, 64, 100, 128, 257, 512, 1000):
        for sigma in (1, 3):
            x = log_probabilities(dtype, rng, n, sigma)
            rng.shuffle(x)
            yield f'log-probabilities, n = {n}', x, rng.randrange(n)
    for n in (2, 3, 4, 5) * 6 + (20, 100):
        x = nearest_to_zero(dtype, log_probabilities(dtype, rng, n, 1), 20000)
        yield f'nearest to zero in 4e4 tries, n = {n}', x, rng.randrange(n)
    for n in (3, 4, 5):  # a third coordinate: 80 starts, the best of their searches
        start = log_probabilities(dtype, rng, n, 1)
        tries = [start[:1] + [step(dtype, start[1], c)] + start[2:] for c in range(-40, 41)]
        yield f'nearest to zero in 1e6 tries, n = {n}', min((nearest_to_zero(dtype, t, 6000) for t in tries),
                                                            key=lambda t: abs(excess(t))), rng.randrange(n)
    for d in ([5, 10, 20, 40, 60, 80, 86, 95, 102] if dtype == 'f32' else [5, 20, 37, 40, 100, 300, 600, 700, 708, 740]):
        x = [fmt(dtype, -d - mpf(rng.random())), fmt(dtype, -d - mpf(rng.random()))]
        x.insert(1, fmt(dtype, mp.log1p(-mp.fsum(mp.exp(mpf(v)) for v in x))))
        yield f'log-probabilities, margin {d}', x, 1
        yield f'log-probabilities, margin {d}, one above', [x[0], step(dtype, x[1], -1), x[2]], 0


def rows_g(dtype, rng):
    code, size, _, _, largest = FORMATS[dtype]

    def any_finite():
        while True:
            x = struct.unpack('<' + code, struct.pack('<Q', rng.getrandbits(64))[:size])[0]
            if math.isfinite(x):
                return x

    for n in (2, 3, 5, 8, 17, 64, 200) * 4:
        x = [fmt(dtype, 30 - mpf(rng.random()) * (mpf(largest) + 30)) for _ in range(n)]
        yield f'uniform(-max, 30), n = {n}', x, rng.choice((argmax(x), rng.randrange(n)))
        x[rng.randrange(n)], x[0] = fmt(dtype, 30 * mpf(rng.random())), fmt(dtype, 30 * mpf(rng.random()))
        yield f'uniform(-max, 30) with two near 30, n = {n}', x, 0
        x = [any_finite() for _ in range(n)]
        yield f'any finite bits, n = {n}', x, rng.choice((argmax(x), rng.randrange(n)))
        x = [any_finite() for _ in range(n)]
        x = [fmt(dtype, v if abs(v) < 1 else mp.sign(v) * 800 * mpf(rng.random())) for v in x]
        yield f'small bits and uniform(-800, 800), n = {n}', x, rng.choice((argmax(x), rng.randrange(n)))
        tiny = [math.ldexp(rng.randrange(-999, 1000), FORMATS[dtype][3]) for _ in range(n)]
        yield f'subnormal logits, n = {n}', tiny, rng.randrange(n)
        x = [rng.choice((-largest, largest, -largest / 2, 0.0)) for _ in range(n)]
        yield f'the largest numbers of both signs, n = {n}', x, rng.randrange(n)


def rows_h(dtype, rng):
    margins = [0.1, 0.5, 1, 2, 3, 5, 7, 10, 15, 17, 20, 30, 36, 37, 38, 40, 50, 60, 70, 80, 87]
    margins += [95, 103, 104, 110, 1e3, 1e5] if dtype == 'f32' else \
        [100, 150, 200, 300, 400, 500, 600, 700, 740, 745, 746, 800, 1e4, 1e9]
    for margin in margins:
        for n in (2, 3, 10, rng.choice((33, 100))):
            x = [fmt(dtype, 3 * normal(rng)) for _ in range(n)]
            x[-1] = fmt(dtype, max(x) + margin * (1 + mpf(rng.random()) / 20))
            label = rng.choice((rng.randrange(n - 1), argmax(x[:-1])))
            yield f'margin {margin}, n = {n}', x, label


ROWS = {'A': rows_a, 'B': rows_b, 'C': rows_c, 'D': rows_d, 'E': rows_e, 'F': rows_f, 'G': rows_g, 'H': rows_h}


# --- files ---

def document(dtype, category, seed):
    rng = random.Random(f'{seed} {dtype} {category}')
    rows = [encode(dtype, rng, *row) for row in ROWS[category](dtype, rng)]
    head = {'generator': 'generate.py', 'oracle': f'mpmath {mpmath.__version__}', 'digits': DIGITS, 'seed': seed,
            'dtype': dtype, 'category': category, 'about': CATEGORIES[category]}
    lines = ',\n'.join(json.dumps(row, separators=(',', ':')) for row in rows)
    return json.dumps(head, indent=1)[:-2] + ',\n "rows": [\n' + lines + '\n]}\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seed', type=int, default=20250101, help='base of every random choice (default %(default)s)')
    parser.add_argument('--out', type=pathlib.Path, default=pathlib.Path(__file__).parent, help='folder to write to')
    parser.add_argument('--only', metavar='DTYPE-CATEGORY', help='one file, such as f64-F')
    parser.add_argument('--check', action='store_true', help='write nothing; exit 1 when a file would change')
    options = parser.parse_args()
    mp.dps = DIGITS
    names = [f'{dtype}-{category}' for dtype in FORMATS for category in CATEGORIES]
    if options.only and options.only not in names:
        parser.error(f'--only: expected one of {", ".join(names)}, got {options.only}')
    stale = []
    for name in [options.only] if options.only else names:
        text = document(*name.split('-'), options.seed)
        path = options.out / f'{name}.json'
        if not options.check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(name)
        print(name, len(text), 'bytes', '(differs)' if name in stale else '', flush=True)
    sys.exit(1 if stale else 0)


if __name__ == '__main__':
    main()
