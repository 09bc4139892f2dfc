"""Writes closed_form.json: the updates of ROME and MEMIT on small random matrices, in numpy.

ROME: Meng and others 2022, equation 2, with the mean key as direction and the prompt's key as constraint, as in
their rome/compute_u.py and compute_v.py. MEMIT: Meng and others 2023, equation 14.
"""

import json
import pathlib

import numpy as np

random = np.random.default_rng(7)
size, width = 12, 5


def case(count):
    basis = random.normal(size=(40, size))
    moment = basis.T @ basis / len(basis)
    keys = random.normal(size=(count, size))
    key = keys[0] + 0.3 * random.normal(size=size)
    weight = 0.7

    direction = np.linalg.inv(moment) @ keys.mean(0)
    rank_one = direction / (key @ direction)

    k = keys.T
    mass = np.linalg.solve(weight * moment + k @ k.T, k).T
    return {
        "moment": moment.ravel().tolist(),
        "keys": keys.tolist(),
        "key": key.tolist(),
        "weight": weight,
        "rankOne": rank_one.tolist(),
        "mass": mass.tolist(),
    }


cases = [case(count) for count in (1, 3, 12, 20)]
pathlib.Path(__file__).with_name("closed_form.json").write_text(json.dumps(cases) + "\n")
