"""Parameter sets on which importers are compared with the originals, which are executed: one module a framework.

Each module has

- ``CASES``: pairs of a family and a config that ``from_config`` and ``original`` of the framework's importer take;
- ``steps(config)``: how many updates to compare;
- ``TOLERANCE``: the largest relative difference that the precision of the original allows;
- ``SMALLEST``: the share of the largest rate below which a difference is relative to that share, for `difference`.
"""

FRAMEWORKS = ("keras", "optax", "pytorch_optimizer", "timm", "transformers")
"""The frameworks that have a module here, under the name of the importer."""
