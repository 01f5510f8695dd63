"""`log_rates` and `rates`: what TensorBoard, Weights & Biases and MLflow hold is what the updates used."""

import json
import logging
import struct
from pathlib import Path

import pytest
import torch
from catalogue.optimizers import groups, parameter, recorded, sgd, update
from catalogue.trainers import CHECKED, printed_by_example, quietly

import lehr
from lehr.integrations import log_rates, rates

STEPS = 20
COSINE = lehr.cosine(STEPS, "10%", max_lr=0.3)
RATES = {t: COSINE(t) for t in range(STEPS)}


def followed(optimizer, scheduler, updates=STEPS):
    scheduler.follow()
    for _ in range(updates):
        update(optimizer)


def stepped(optimizer, scheduler, updates=STEPS):
    for _ in range(updates):
        update(optimizer)
        scheduler.step()


def numbered(optimizer, scheduler, updates=STEPS):
    for t in range(updates):
        scheduler.step(t)
        update(optimizer)


def train(to, loop=followed, **options):
    """Train with the rates logged to ``to``."""
    optimizer = sgd(1.0)
    scheduler = lehr.Scheduler(optimizer, COSINE)
    log_rates(scheduler, to, **options)
    loop(optimizer, scheduler)
    return optimizer, scheduler


@pytest.mark.parametrize("loop", [followed, stepped, numbered])
def test_a_function(loop):
    rows = []
    train(lambda values, step: rows.append((step, values)), loop)
    assert rows == [(t, {"lr": rate, "position": t}) for t, rate in RATES.items()]


def test_tensorboard(tmp_path):
    board = pytest.importorskip("torch.utils.tensorboard")
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    writer = board.SummaryWriter(str(tmp_path))
    quietly(lambda: train(writer))
    writer.close()
    read = events.EventAccumulator(str(tmp_path))
    read.Reload()
    assert {event.step: event.value for event in read.Scalars("lr")} == pytest.approx(RATES, rel=1e-7)
    assert [event.value for event in read.Scalars("position")] == list(range(STEPS))


def test_tensorboard_after_a_kill(tmp_path):
    """The updates since the checkpoint are made again. With ``purge_step`` the log has each of them once."""
    board = pytest.importorskip("torch.utils.tensorboard")
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def run(state, until, save_at=None):
        optimizer = sgd(1.0)
        scheduler = lehr.Scheduler(optimizer, COSINE).follow()
        if state is not None:
            scheduler.load_state_dict(state)
        with board.SummaryWriter(str(tmp_path), purge_step=scheduler.updates) as writer:
            log_rates(scheduler, writer)
            while scheduler.updates < until:
                update(optimizer)
                if scheduler.updates == save_at:
                    state = scheduler.state_dict()
        return state

    state = quietly(lambda: run(None, until=13, save_at=10))
    quietly(lambda: run(state, until=STEPS))
    read = events.EventAccumulator(str(tmp_path))
    read.Reload()
    points = read.Scalars("lr")
    assert [event.step for event in points] == list(range(STEPS))
    assert [event.value for event in points] == pytest.approx(list(RATES.values()), rel=1e-7)


def test_weights_and_biases_offline(tmp_path, monkeypatch):
    wandb = quietly(lambda: pytest.importorskip("wandb"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = quietly(lambda: wandb.init(mode="offline", dir=tmp_path, project="lehr"))
    try:
        quietly(lambda: train(run))
    finally:
        quietly(run.finish)
        quietly(wandb.teardown)  # which waits until the file is written
    assert wandb_rows(tmp_path) == RATES


def wandb_rows(path):
    """The rates in the file of an offline run, by step."""
    from wandb.proto import wandb_internal_pb2 as records

    [file] = Path(path).rglob("*.wandb")
    rows = {}
    for data in wandb_records(file.read_bytes()):
        record = records.Record()
        record.ParseFromString(data)
        items = {item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item}
        if "lr" in items:
            rows[record.history.step.num] = items["lr"]
    return rows


def wandb_records(data):
    """The records of a log in LevelDB's format: blocks of 32 KiB, each record in one piece or more."""
    at, parts = 7, []
    while at + 7 <= len(data):
        if 32_768 - at % 32_768 < 7:  # what is left of a block is too short for a header
            at += 32_768 - at % 32_768
            continue
        length, kind = struct.unpack_from("<HB", data, at + 4)
        parts.append(data[at + 7 : at + 7 + length])
        at += 7 + length
        if kind in (1, 4):  # the whole of a record, or its last piece
            yield b"".join(parts)
            parts = []


def test_mlflow_with_local_files(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow = quietly(lambda: pytest.importorskip("mlflow"))
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    before = mlflow.get_tracking_uri()
    quietly(lambda: mlflow.set_tracking_uri((tmp_path / "runs").as_uri()))
    try:
        with quietly(mlflow.start_run) as run:
            quietly(lambda: train(mlflow))
        history = quietly(lambda: mlflow.MlflowClient().get_metric_history(run.info.run_id, "lr"))
    finally:
        mlflow.set_tracking_uri(before)
    assert {metric.step: metric.value for metric in history} == RATES


def test_every_so_many_updates_and_no_more():
    rows = []
    optimizer = sgd(1.0)
    scheduler = lehr.Scheduler(optimizer, COSINE).follow()
    log = log_rates(scheduler, lambda values, step: rows.append(step), every=4)
    followed(optimizer, scheduler, 10)
    log.remove()
    followed(optimizer, scheduler, 5)
    assert rows == [0, 4, 8]


def test_the_index_goes_on_after_a_resume():
    rows = {}

    def log(values, step):
        rows[step] = values["lr"]

    _, scheduler = train(log, lambda o, s: followed(o, s, 7))
    state = scheduler.state_dict()

    def resumed(optimizer, scheduler):
        scheduler.load_state_dict(state)
        followed(optimizer, scheduler, STEPS - 7)

    train(log, resumed)
    assert rows == RATES


@pytest.mark.parametrize("fused", [False, True])
def test_updates_that_a_scaler_skips_are_not_logged(fused):
    rows = []
    weight = parameter()
    optimizer = torch.optim.AdamW([weight], lr=1.0, fused=fused)
    scheduler = lehr.Scheduler(optimizer, COSINE).follow()
    log_rates(scheduler, lambda values, step: rows.append((step, values["lr"])))
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    for size in (1.0, torch.inf, 1.0):
        optimizer.zero_grad()
        scaler.scale((weight * size).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
    assert rows == [(0, RATES[0]), (1, RATES[1])]


def test_a_name_for_each_group():
    optimizer = torch.optim.SGD([*groups(1.0, 2.0, names=("body",))])
    scheduler = lehr.Scheduler(optimizer, COSINE, group_scale="ratio")
    used = recorded(optimizer)
    update(optimizer)
    scheduler.step()
    assert rates(scheduler) == {"lr/body": used[0], "lr/1": 2 * used[0]}
    scheduler.step(STEPS)
    quietly(lambda: update(optimizer))  # it is one too many
    assert rates(scheduler) == {"lr/body": 0.0, "lr/1": 0.0}


def test_one_name_where_the_groups_have_one_rate():
    assert rates(lehr.Scheduler(sgd(1.0, 1.0), COSINE)) == {"lr": RATES[0]}


def test_a_schedule_for_each_group():
    optimizer = torch.optim.SGD([*groups(1.0, 1.0, names=("body", "head"))])
    scheduler = lehr.Scheduler(optimizer, {"head": lehr.Constant(0.1), "body": lehr.Constant(0.2)})
    assert rates(scheduler) == {"lr/body": 0.2, "lr/head": 0.1}


def test_rates_that_the_scheduler_does_not_drive():
    schedules = {"weight_decay": lehr.Ramp(0.0, 0.1, 10)}
    assert rates(lehr.Scheduler(sgd(1.0, 2.0), schedules)) == {"lr/0": 1.0, "lr/1": 2.0}
    assert rates(lehr.Scheduler(sgd(1.0, 1.0), schedules)) == {"lr": 1.0}


def test_the_position_in_another_unit():
    rows = []
    optimizer = sgd(1.0)
    scheduler = lehr.Scheduler(optimizer, lehr.Ramp(1.0, 0.0, 1000), unit="tokens")
    log_rates(scheduler, lambda values, step: rows.append(values | {"step": step}))
    for tokens in (100, 200):
        update(optimizer)
        scheduler.advance(tokens)
    assert rows == [{"lr": 1.0, "position": 0, "step": 0}, {"lr": 0.9, "position": 100, "step": 1}]


def test_it_keeps_no_scheduler_alive():
    optimizer, scheduler = train(lambda *_: None)
    del scheduler
    update(optimizer)
    lehr.Scheduler(optimizer, COSINE)  # is refused where another is alive


def test_what_can_not_log_is_refused():
    scheduler = lehr.Scheduler(sgd(1.0), COSINE)
    with pytest.raises(ValueError, match=r"log_rates needs a SummaryWriter, .*; got 'tensorboard'"):
        log_rates(scheduler, "tensorboard")
    with pytest.raises(ValueError, match="log_rates needs an integer of at least 1 for `every`, got 0"):
        log_rates(scheduler, print, every=0)


def test_an_optimizer_without_hooks_is_refused():
    class Wrapper:
        def __init__(self):
            self.param_groups = sgd(1.0).param_groups

    wrapper = Wrapper()
    scheduler = lehr.Scheduler(wrapper, COSINE)
    with pytest.raises(ValueError, match=r"which Wrapper does not have: log lehr\.integrations\.rates\(scheduler\)"):
        log_rates(scheduler, print)


def test_the_example():
    assert CHECKED in printed_by_example("with_tensorboard")
