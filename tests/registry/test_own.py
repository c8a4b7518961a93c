"""Python files of the user, imported without a package and without leaks."""

import sys

import pytest

from rakuten_bench.errors import UserError
from rakuten_bench.plan.source import source_digest, source_digests
from rakuten_bench.registry import own
from rakuten_bench.registry.code import load, resolve


def write(folder, **files):
    """Write modules into a folder; return the path of the first."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.py"


def test_a_file_imports_modules_beside_it_at_any_depth(tmp_path):
    path = write(
        tmp_path,
        mine="import helpers\n\ndef add():\n    from later import two\n    return helpers.one + two\n",
        helpers="one = 1",
        later="two = 2",
    )

    module = own.import_file(path)

    assert module.add() == 3
    assert "helpers" not in sys.modules
    assert str(tmp_path) not in sys.path


def test_files_of_one_name_do_not_mix(tmp_path):
    first = write(tmp_path / "a", mine="from helpers import value", helpers="value = 1")
    second = write(
        tmp_path / "b", mine="from helpers import value", helpers="value = 2"
    )

    assert own.import_file(first).value == 1
    assert own.import_file(second).value == 2
    assert own.import_file(first).value == 1


def test_an_edited_file_is_another_module_and_the_same_one_is_not(tmp_path):
    path = write(tmp_path, mine="value = []")
    before, again = own.import_file(path), own.import_file(path)

    path.write_text("value = {}")

    assert before is again
    assert own.import_file(path).value == {}
    assert before.value == []


def test_packages_beside_a_file_are_imported_with_their_relative_imports(tmp_path):
    package = tmp_path / "parts"
    package.mkdir()
    (package / "__init__.py").write_text("from .inner import deep\n")
    (package / "inner.py").write_text("import parts.last\ndeep = parts.last.value\n")
    (package / "last.py").write_text("value = 7\n")
    path = write(tmp_path, mine="import parts.last\nfrom parts import deep\n")

    module = own.import_file(path)

    assert (module.deep, module.parts.last.value) == (7, 7)


def test_a_folder_without_init_is_a_package(tmp_path):
    (tmp_path / "bits").mkdir()
    (tmp_path / "bits" / "one.py").write_text("value = 1\n")
    path = write(tmp_path, mine="from bits.one import value\n")

    assert own.import_file(path).value == 1


def test_installed_and_standard_modules_are_not_replaced(tmp_path):
    path = write(
        tmp_path, mine="import json\nresult = json.dumps([1])\n", json="dumps = 0"
    )

    assert own.import_file(path).result == "[1]"


def test_the_key_has_the_source_of_modules_beside_a_file_but_no_comments(tmp_path):
    path = write(tmp_path, mine="from helpers import value\n", helpers="value = 1\n")
    first = source_digest(own.import_file(path).__name__)

    (tmp_path / "helpers.py").write_text("value = 1  # one\n")
    commented = source_digest(own.import_file(path).__name__)
    (tmp_path / "helpers.py").write_text("value = 2\n")
    changed = source_digest(own.import_file(path).__name__)

    assert first == commented
    assert first != changed


def test_the_key_does_not_depend_on_the_folder(tmp_path):
    digests = {
        source_digest(
            own.import_file(
                write(
                    tmp_path / name, mine="from helpers import v\n", helpers="v = 1\n"
                )
            ).__name__
        )
        for name in ("a", "b")
    }

    assert len(digests) == 1


def test_digests_are_those_of_all_modules(tmp_path):
    path = write(tmp_path, mine="import helpers\n", helpers="value = 1\n")

    names = source_digests(own.import_file(path).__name__)

    assert sorted(map(own.label, names)) == ["helpers.py", "mine.py"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", r"mine\.py:1: is not valid Python: invalid syntax"),
        ("\nx = 1 / 0\n", r"can't be imported: ZeroDivisionError: .* \(mine\.py:2\)\."),
        ("import sys; sys.exit(3)", r"it ends the program \(sys\.exit\(3\)\)"),
        ("import no_such_module", r"No module named 'no_such_module' \(mine\.py:1\)"),
        ("from helpers import nothing", r"cannot import name 'nothing' from 'helpers'"),
        ("x = '\x00'", r"mine\.py.*: is not valid Python"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path, text, message):
    path = write(tmp_path, mine=text, helpers="value = 1\n")

    with pytest.raises(UserError, match=message):
        own.import_file(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.py: file not found"):
        own.import_file(tmp_path / "none.py")


@pytest.mark.parametrize(
    "text",
    ["mine.make", "mine:make", "mine.py:make", "sub/other.py:make", "pack.inner.make"],
)
def test_a_reference_names_a_function_in_a_file_or_package(tmp_path, text):
    write(tmp_path, mine="def make():\n    return 1\n")
    write(tmp_path / "sub", other="def make():\n    return 1\n")
    write(tmp_path / "pack", __init__="", inner="def make():\n    return 1\n")

    assert load(resolve(text, tmp_path))() == 1


def test_a_reference_names_what_an_installed_package_has(tmp_path):
    assert load(resolve("collections:OrderedDict.fromkeys", tmp_path))("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine", "'mine' names no function or class"),
        ("mine.py", "'mine.py' names no function or class"),
        ("mine.make it", "names no function or class"),
        ("mine.nothing", "mine.py does not define 'nothing'"),
        (
            "absent.make",
            "there is no file 'absent.py' in .*, and no installed module 'absent'",
        ),
        ("absent.py:make", "file not found"),
    ],
)
def test_a_reference_to_nothing_is_refused(tmp_path, text, message):
    write(tmp_path, mine="value = 1\n")

    with pytest.raises(UserError, match=message):
        resolve(text, tmp_path)
