"""From the log of one or two runs, the loss of any other schedule, with a band.

>>> import numpy as np, lehr
>>> at = np.arange(1000, 10_001, 250)
>>> loss = 3 + 0.8 * (1e-3 * at) ** -0.5
>>> stable = lehr.forecast.Run(lehr.constant_with_warmup(10_000, 500, 1e-3), at, loss)
>>> law = lehr.forecast.fit([stable])
>>> forecast = law.predict(lehr.wsd(20_000, 500, 1e-3), at=[5_000, 20_000])
>>> bool((forecast.low < forecast.loss).all() and (forecast.loss < forecast.high).all())
True
>>> print(law.experiment().words)
Continue the stable run from update 5000 for 2500 updates, cooling down to 0 (1-sqrt).
"""

from . import laws as laws
from . import priors as priors
from .advice import Experiment as Experiment
from .bound import convex_bound as convex_bound
from .bound import convex_bounds as convex_bounds
from .fit import fit as fit
from .forecasts import Forecast as Forecast
from .forecasts import plot_forecasts as plot_forecasts
from .law import Law as Law
from .optimise import Choice as Choice
from .optimise import Optimum as Optimum
from .plans import Plan as Plan
from .plans import extend_or_stop as extend_or_stop
from .plans import when_to_cool_down as when_to_cool_down
from .prior import Prior as Prior
from .reading import RunWarning as RunWarning
from .reading import read_run as read_run
from .runs import Run as Run
from .runs import branch as branch
