"""Schedules of transformers: `get_scheduler` by its arguments, and the Trainer by its `TrainingArguments`.

transformers counts as lehr does: update t uses the factor of step t.
"""

from .by_name import from_transformers as from_transformers
from .training_arguments import from_config as from_config
from .training_arguments import from_training_arguments as from_training_arguments
from .training_arguments import original as original
from .training_arguments import recognises as recognises
