"""Writes test/fixtures/evaluation/frechet.json: feature sets, their Ledoit-Wolf shrinkage by scikit-learn, their distance by scipy's sqrtm.

    python3 test/evaluation/make_frechet.py      (numpy, scipy, scikit-learn; run from the repository's root)
"""
import json

import numpy as np
from scipy.linalg import sqrtm
from sklearn.covariance import ledoit_wolf

rng = np.random.default_rng(0)
D = 9


def features(n, scale, offset):
    mixed = rng.standard_normal((n, D)) @ rng.standard_normal((D, D))
    return np.round(scale * mixed + offset, 3)


sets = {"few": features(6, 1.0, 0.0), "many": features(40, 1.7, 0.5)}
shrunk = {name: ledoit_wolf(x) for name, x in sets.items()}
difference = sets["few"].mean(0) - sets["many"].mean(0)
a, b = shrunk["few"][0], shrunk["many"][0]
distance = difference @ difference + np.trace(a + b - 2 * sqrtm(a @ b)).real
with open("test/fixtures/evaluation/frechet.json", "w") as out:
    json.dump({
        "distance": distance,
        **{name: {"features": x.tolist(), "shrinkage": shrunk[name][1], "covariance": shrunk[name][0].ravel().tolist()}
           for name, x in sets.items()},
    }, out)
