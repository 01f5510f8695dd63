"""An optimizer for tests, what it would use now, and a state as a checkpoint gives it back."""

import io

import torch


def optimizer(*rates, **group):
    rates = rates or (0.5,)
    groups = [{"params": [torch.nn.Parameter(torch.zeros(2))], "lr": rate, **group} for rate in rates]
    return torch.optim.AdamW(groups)


def rates_of(opt):
    return [float(group["lr"]) for group in opt.param_groups]


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)
