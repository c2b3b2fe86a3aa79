"""`--engine` and `--ray-address`, as typed."""

from importlib.util import find_spec

import pytest

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="needs Ray (requirements-cluster.txt)"
)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--engine=rai"], ("--engine=rai", "local", "ray")),
        (["--ray-address=10.0.0.1:6379"], ("--ray-address=10.0.0.1:6379", "--engine=ray")),
        pytest.param(
            ["--engine=ray", "--ray-address=here"],
            ("--ray-address=here", "HOST:PORT"),
            marks=needs_ray,
        ),
    ],
)
@pytest.mark.parametrize(
    "task",
    [
        ["GenerateEmbeddings", "--backbone=acoustic"],
        ["GenerateEmbeddingsWav2vec2"],
        ["GenerateEmbeddingsHubert"],
    ],
    ids=lambda task: task[0],
)
def test_bad_arguments(fab, embedded, task, words, told):
    fab(*task, *words, f"--dataset={embedded / 'data'}").fails(2, f"{task[0]}: ", *told)


@needs_ray
def test_a_cluster_is_started_for_the_task(fresh_fab, fab, embedded, tmp_path, hashes):
    words = ("GenerateEmbeddings", f"--dataset={embedded / 'data'}", "--backbone=acoustic")
    answer = fresh_fab(
        *words,
        "--engine=ray",
        "--splits=full",
        f"--embeddings={tmp_path / 'ray'}",
        HOME=str(tmp_path),
        TQDM_DISABLE="",
    ).succeeds("32 computed")
    # The bar and what the task is at, and nothing of Ray's own.
    assert "acoustic full: 100%" in answer.err
    assert [
        line
        for line in answer.err.splitlines()
        if line.strip() and "acoustic full" not in line and "GenerateEmbeddings: " not in line
    ] == []
    fab(*words, "--splits=full", f"--embeddings={tmp_path / 'local'}").succeeds("32 computed")
    there, here = (hashes(tmp_path / name / "acoustic/full") for name in ("ray", "local"))
    assert there == here
    assert not (tmp_path / ".ray").exists()
