"""An optimizer for tests, and what it would use now."""

import torch


def optimizer(*rates, **group):
    rates = rates or (0.5,)
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2))], "lr": rate, **group} for rate in rates]
    return torch.optim.AdamW(groups)


def rates_of(opt):
    return [float(group["lr"]) for group in opt.param_groups]
