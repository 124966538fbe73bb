"""The mutants follow the code: each still applies, names tests that exist, and is in the
document."""

import ast

import pytest

from mutants.catalogue import MUTANTS, ROOT, Mutant, markers
from mutants.table import table


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_text_that_a_mutant_changes_is_found_and_the_change_can_be_read(mutant: Mutant) -> None:
    changed = mutant.mutated()
    assert changed != (ROOT / "src/rekindle" / mutant.file).read_text(encoding="utf-8")
    if mutant.file.endswith(".py"):
        compile(changed, mutant.file, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_tests_that_must_notice_it_exist(mutant: Mutant) -> None:
    assert mutant.tests
    for test in mutant.tests:
        path, _, name = test.partition("[")[0].partition("::")
        body = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8")).body
        found = {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in found, test
        many = any("parametrize" in ast.unparse(one) for one in found[name].decorator_list)
        assert "[" in test or not many, f"{test} has parameters, so name one of its cases"


def test_no_two_mutants_have_one_name() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)


def test_a_mutant_without_its_marker_is_an_error_and_not_a_survivor() -> None:
    with pytest.raises(ValueError, match=r"nothing: no line of policy\.py carries"):
        Mutant("nothing", "policy.py", "nowhere", "", ("unit/test_policy.py",)).mutated()


def test_every_marker_in_the_source_belongs_to_a_mutant() -> None:
    known = {(mutant.file, mutant.marker) for mutant in MUTANTS}
    source = ROOT / "src/rekindle"
    found = {
        (str(path.relative_to(source)), marker)
        for path in source.rglob("*")
        if path.suffix in (".py", ".sql")
        for line in path.read_text(encoding="utf-8").splitlines()
        for marker in markers(line)
    }
    assert found <= known


def test_the_document_lists_every_mutant_and_what_notices_it() -> None:
    document = (ROOT / "docs/explanation/reliability.md").read_text(encoding="utf-8")
    assert table(MUTANTS) in document, "paste what `make mutants ARGS=--list` prints"
