"""From the log of one or two runs, the loss of any other schedule, with a band.

>>> import numpy as np, lehr
>>> at = np.arange(1000, 10_001, 250)
>>> loss = 3 + 0.8 * (1e-3 * at) ** -0.5
>>> stable = lehr.forecast.Run(lehr.constant_with_warmup(10_000, 500, max_lr=1e-3), at, loss)
>>> law = lehr.forecast.fit([stable])
>>> forecast = law.predict(lehr.wsd(20_000, 500, max_lr=1e-3), at=[5_000, 20_000])
>>> bool((forecast.low < forecast.loss).all() and (forecast.loss < forecast.high).all())
True
>>> print(law.experiment().description)
Continue the stable run from its checkpoint at update 5000 for 2500 updates, with a cooldown to 0 (1-sqrt).
"""

from . import laws as laws
from .bound import convex_bound as convex_bound
from .bound import convex_bounds as convex_bounds
from .continuation import Continuations as Continuations
from .continuation import extend_or_stop as extend_or_stop
from .continuation import when_to_cool_down as when_to_cool_down
from .experiment import Experiment as Experiment
from .fitting import fit as fit
from .forecast import Forecast as Forecast
from .forecast import in_view as in_view
from .forecast import plot_forecasts as plot_forecasts
from .law import Law as Law
from .logs import RunWarning as RunWarning
from .logs import read_run as read_run
from .optimise import Choice as Choice
from .optimise import Optimum as Optimum
from .prior import Prior as Prior
from .prior_file import default_prior as default_prior
from .prior_file import read_prior as read_prior
from .prior_file import write_priors as write_priors
from .rates import whole_run as whole_run
from .run import Run as Run
from .run import branch as branch
