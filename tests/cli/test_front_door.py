"""What `fab` makes of a command line: names in any spelling, slips, and completion."""

import json
import subprocess

import pytest


@pytest.fixture(scope="module")
def where(tmp_path_factory) -> str:
    return f"--runs={tmp_path_factory.mktemp('runs') / 'none'}"


def test_nothing_asked_for_lists_the_tasks(fab):
    assert fab().succeeds().out == fab("-l").succeeds("Begin", "TrainModel").out


@pytest.mark.parametrize(
    "words",
    [
        ["listruns"],
        ["LISTRUNS"],
        ["list-runs"],
        ["list_runs", "--SORT=number"],
        ["ListRuns", "--Study_Number=0", "--classifier=svm"],
    ],
)
def test_names_are_taken_in_any_spelling(fab, where, words):
    answer = fab(*words, where)
    if any("=0" in word for word in words):
        # The number has arrived: it is looked for.
        answer.fails(1, "study 0")
    else:
        answer.succeeds("no runs in")


def test_values_stay_as_they_are(fab, tmp_path):
    """Also one that reads as a task does."""
    fab("Predict", "--audio", "listruns", cwd=fab.cwd).fails((1, 2), "listruns")
    answer = fab("ListRuns", f"--runs={tmp_path / 'LISTRUNS'}").succeeds("no runs in")
    assert "LISTRUNS" in answer.out


def test_chained_tasks_are_each_found(fab, where):
    answer = fab("listruns", where, "LISTRUNS", where, "--sort=time", "version", "--quiet")
    lines = answer.succeeds().out.splitlines()
    assert len(lines) == 3
    assert lines[0] == lines[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["TrainModl"], ("no task is named TrainModl", "did you mean TrainModel")),
        (["noise"], ("no task is named noise", "did you mean AddNoise?")),
        (["xyzzy"], ("no task is named xyzzy", "fab -l")),
        (["--help", "trainmodl"], ("no task is named trainmodl", "TrainModel")),
        (["TrainModel", "--bakbone=x"], ("TrainModel: no flag", "--bakbone", "--backbone?")),
        (["TrainModel", "--backbone=x", "Test"], ("no task is named Test", "TestModel")),
        (["TrainModel", "acoustic"], ("acoustic", "follows its flag and =")),
        (["TrainModel", "--backbone"], ("TrainModel:", "--backbone", "needed value")),
        (["TrainModel", "--seed=1", "--seed=2"], ("TrainModel: --seed is given twice",)),
        (["TrainModel", "--seed", "1", "--layer=1", "--seed", "1"], ("--seed is given twice",)),
        (["TrainModel", "--seed=1", "ListRuns", "2"], ("no task is named 2",)),
        (["--lst"], ("fab: no flag is named --lst", "--list")),
        (["ExportScores", "--of=test"], ("--of is now called --split",)),
        (["ExportScores", "--what=llr"], ("--what is now called --values",)),
        (["ListRuns", "--of=test"], ("no flag is named --of",)),
    ],
)
def test_slips_are_one_line(fab, words, told):
    fab(*words).fails(2, *told)


def test_what_is_shown_of_a_slip_cannot_act_on_a_terminal(fab):
    answer = fab("Train\x1b[31mModel")
    answer.fails(2, "no task is named Train")
    assert "\x1b" not in answer.err


def test_help_is_found_in_any_spelling(fab):
    whole = fab("--help", "TrainModel").succeeds("Example: fab TrainModel").out
    assert fab("-h", "train-model").succeeds().out == whole
    assert fab("trainmodel", "--help").succeeds().out == whole


def test_other_forms_of_the_list(fab):
    tasks = json.loads(fab("-l", "--list-format=json").succeeds().out)["tasks"]
    assert {"Version", "Clean", "TrainModel"} <= {one["name"] for one in tasks}
    fab("-l", "--list-format=nested").succeeds("Available tasks", "TrainModel")


def test_a_command_without_tasks_is_fabrics(fab):
    assert "NothingToDo" in fab("--", "ls").err


def test_it_works_from_any_folder(fab, fresh_fab, tmp_path):
    expected = fab("version", "--quiet").succeeds().out
    assert fab("-r", fab.cwd, "version", "--quiet", cwd=tmp_path).succeeds().out == expected
    (tmp_path / ".fabric.yml").write_text(f"tasks:\n  search_root: {fab.cwd}\n")
    # Fabric looks for the file when it is loaded.
    answer = fresh_fab("version", "--quiet", cwd=tmp_path, HOME=str(tmp_path))
    assert answer.succeeds().out == expected


def test_completion_in_bash(fresh_fab):
    script = """
source /dev/stdin <<< "$("$FAB" --print-completion-script bash)"
fab() { "$FAB" "$@"; }
for line in "fab TrainM" "fab TrainModel --backb"; do
    COMP_WORDS=($line)
    _complete_fab fab "${COMP_WORDS[-1]}"
    echo "${COMPREPLY[*]}"
done
"""
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=fresh_fab.cwd,
        env=fresh_fab.environment(FAB=fresh_fab.start[0]),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["TrainModel", "--backbone"], done.stderr
