"""Committed timing records: read or refused by name, and compared only with their own host and backend."""

import json

import pytest

from lenet import benchmark, claims, scraps, tables
from lenet import statistics as st

HOST = {"cpu": "A processor", "gpu": "A card, 550.1", "cores": 16}


def record(seconds=1.0, **change):
    """One record of epochs of so many seconds."""
    known = benchmark.DEFAULTS | {
        "record": "benchmark",
        "dataset": "mnist",
        "device": "GPU",
        "backend": "jax",
        "epochs": 2,
    }
    measured = {
        "wall_2017_seconds": 9 * seconds,
        "parameters": 1,
        "flops_per_epoch": 1,
        "peak_gflops": 1,
        "finite": True,
    }
    known |= measured | {"machine": HOST} | change
    return {f"{part}_seconds": [seconds] * known["epochs"] for part in scraps.PARTS} | known


def folder(path, records):
    """Write records to a folder, and read it."""
    for number, known in enumerate(records):
        (path / f"r{number:03}.json").write_text(json.dumps(known))
    return scraps.records(path)


def series(rounds, seconds, **change):
    """A record for each round and number of filters."""
    sizes = (8, 16, 32, 64) if change.get("device") == "CPU" else (8, 16, 32, 64, 128, 256)
    return [
        record(seconds * f * (1 + 0.001 * i), round=i, filters=f, **change) for i in range(1, rounds + 1) for f in sizes
    ]


def study(rounds, seconds, host="Here"):
    """The study's own CPU runs, on another machine."""
    found = series(rounds, seconds, device="CPU", backend="tensorflow", machine={"cpu": host, "cores": 2, "gpu": None})
    return [scraps.Finished(f"rounds/{i}", {"measured": known, **known}, {}) for i, known in enumerate(found)]


def ratio(runs):
    """CPU over GPU at 8 filters, and the runs behind it."""
    side = claims.Side(claims.Evidence(times=scraps.times(runs)), minimum=3)
    return claims.CLAIMS["cpu_slower"].parts(side)[0].estimate, side.runs


def test_a_record_is_a_timing_run_of_its_own_series(tmp_path):
    known = record(tf32=True) | {"epoch_seconds": [0.4, 0.6], "validation_seconds": [0.1, 0.3]}
    (run,) = folder(tmp_path, [known])
    (row,) = scraps.times([run]).to_dict("records")
    assert (row["run"], row["recorded"], row["host"]) == ("records/r000", True, "A processor, 16 cores, A card, 550.1")
    assert (row["series"], row["backend"], row["tf32"], row["round"]) == ("GPU, A card, jax, TF32", "jax", True, 1)
    assert row["epoch_seconds"] == 0.5
    assert row["wall_2017_seconds"] == pytest.approx(9 + (0.4 + 0.6 + 1 + 1 + 0.1 + 0.3) * (10 / 2 - 1))


def test_one_kind_of_gpu_in_two_machines_makes_two_series(tmp_path):
    found = folder(tmp_path, [record(), record(machine=HOST | {"cores": 4})])
    ending = ", A card, 550.1"
    assert set(scraps.times(found)["series"]) == {
        f"GPU, A card, jax, A processor, {cores} cores{ending}" for cores in (4, 16)
    }


def test_the_studys_own_runs_are_one_series_a_device():
    assert set(scraps.times(study(1, 1.0))["series"]) == {"CPU"}


def test_a_file_that_says_it_is_another_kind_is_left_alone(tmp_path):
    (tmp_path / "peers.json").write_text('{"record": "peers"}')
    assert scraps.records(tmp_path) == []
    assert scraps.records(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is damaged"),
        ("[1]", "is damaged"),
        ("{}", "has no lr"),
        (json.dumps({k: v for k, v in record().items() if k != "machine"}), "has no machine"),
        (json.dumps(record(machine={"cpu": "A processor"})), "machine: must name cpu, gpu and cores"),
        (json.dumps(record(dataset="digits")), "dataset = 'digits': must be 'mnist'"),
        (json.dumps(record(backend="torch")), "backend = 'torch': must be one of tensorflow, jax"),
        (json.dumps(record() | {"epoch_seconds": [1.0]}), "must be 2 positive numbers, one an epoch"),
        (json.dumps(record(-1.0)), "must be 2 positive numbers"),
        (json.dumps(record() | {"epoch_seconds": ["1", "2"]}), "is damaged"),
    ],
)
def test_a_record_that_is_not_whole_is_refused_by_its_files_name(text, complaint, tmp_path):
    (tmp_path / "h100.json").write_text(text)
    with pytest.raises(scraps.ScrapError, match=r"records/h100: .*h100.json") as error:
        scraps.records(tmp_path)
    assert complaint in str(error.value)


def test_the_cpu_of_one_machine_is_never_compared_with_the_gpu_of_another(tmp_path):
    found, runs = ratio([*study(5, 1.0), *folder(tmp_path, series(5, 0.1))])
    assert found.n == 0
    assert runs == set()


def test_cpu_and_gpu_of_one_host_and_backend_are_compared(tmp_path):
    both = folder(
        tmp_path, series(5, 0.1) + series(5, 0.7, device="CPU") + series(5, 0.2, device="CPU", backend="tensorflow")
    )
    found, runs = ratio([*study(5, 1.0), *both])
    assert found.value == pytest.approx(7)
    assert found.n == 5
    assert all(name.startswith("records/") for name in runs)
    assert "JAX takes 3.5 to 3.5 times as long as this engine, so that" in tables.gpu_sentence(scraps.times(both))
    assert "JAX takes" not in tables.gpu_sentence(scraps.times(both[:-20]))


def test_of_several_gpus_the_one_with_most_rounds_counts_and_never_in_tf32(tmp_path):
    other = {"cpu": "A processor", "cores": 16, "gpu": "B card"}
    found = folder(tmp_path, series(2, 0.1) + series(3, 0.2, machine=other) + series(5, 0.3, tf32=True))
    side = claims.Side(claims.Evidence(times=scraps.times([*study(5, 1.0), *found])))
    table = side.seconds("GPU")
    assert table.shape == (3, 6)
    assert table.loc[1, 8] == pytest.approx(8 * 0.2 * 1.001)
    assert side.seconds("CPU").loc[1, 8] == pytest.approx(8 * 1.001)
    assert len([name for name in side.runs if name.startswith("records/")]) == 18


def test_records_in_tf32_alone_leave_the_gpu_unmeasured(tmp_path):
    found = folder(tmp_path, series(5, 0.3, tf32=True))
    side = claims.Side(claims.Evidence(times=scraps.times([*study(5, 1.0), *found])), minimum=3)
    for name in ("cpu_slower", "gpu_flat_to_32", "gpu_full", "knee"):
        assert st.decide(claims.CLAIMS[name].parts(side)) == st.NOT_MEASURED
