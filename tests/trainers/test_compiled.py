"""A compiled optimizer step with a tensor rate: the update is one graph, whenever the rate has become a tensor."""

import pytest
import torch
from catalogue.optimizers import parameter

import lehr
from lehr import Scheduler

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch, of itself, while it traces

SCHEDULE = lehr.cosine(50, 5, max_lr=0.1)


@pytest.fixture(autouse=True)
def _fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def sgd(rate):
    return torch.optim.SGD([parameter(gradient=True)], lr=rate)


def graphs(optimizer, scheduler, follow, updates=12):
    """The number of graphs in so many compiled updates, and why the tracing broke off."""
    count = 0

    def counting(module, inputs):
        nonlocal count
        count += 1
        return module.forward

    torch._dynamo.utils.counters.clear()
    step = torch.compile(optimizer.step, backend=counting)
    for _ in range(updates):
        step()
        if not follow:
            scheduler.step()
    assert scheduler.position == scheduler.updates == updates
    return count, " ".join(torch._dynamo.utils.counters["graph_break"])


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize("become", ["built", "loaded"])
def test_no_hook_of_ours_reads_the_tensor_in_the_graph(become, follow):
    optimizer = sgd(torch.tensor(0.1) if become == "built" else 0.1)
    scheduler = Scheduler(optimizer, SCHEDULE)
    if follow:
        scheduler.follow()
    if become == "loaded":
        optimizer.load_state_dict(sgd(torch.tensor(0.1)).state_dict())
    count, why = graphs(optimizer, scheduler, follow)
    assert count == 1
    assert "item()" not in why
    assert float(optimizer.param_groups[0]["lr"]) == pytest.approx(SCHEDULE(12))


def test_torchs_own_step_is_no_full_graph_without_us_either():
    with pytest.raises(torch._dynamo.exc.Unsupported, match="graph_break"):
        torch.compile(sgd(torch.tensor(0.1)).step, backend="eager", fullgraph=True)()
