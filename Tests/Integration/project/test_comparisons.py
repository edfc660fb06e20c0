"""The check of comparisons finds each planted one, and nothing in what is fine."""

import pytest

import comparisons


@pytest.mark.parametrize(
    "line",
    [
        r'if "\(id)" == wanted {',
        r'guard wanted != "\(range.lowerBound)" else { return }',
        "ids.contains { $0.description == application }",
        "if wanted == id.description {",
        "if String(describing: kind) == name {",
        "if name == error.debugDescription {",
        "case let error as IOError where error.errnoCode == 111: self = .refused",
        "if errno == 13 {",
        "throw Failure(strerror(13))",
    ],
)
def test_a_planted_comparison_is_found(line, tmp_path):
    (tmp_path / "A.swift").write_text(f"import Glibc\n    {line}\n")
    (fault,) = comparisons.faults(tmp_path / "A.swift")
    assert fault.startswith(f"{tmp_path}/A.swift:2: ") and fault.endswith(line)


def test_what_is_compared_as_a_value_is_no_fault(tmp_path):
    (tmp_path / "A.swift").write_text(
        'let isOld = version == .v1 && errno == ENOENT && text == "a \\(name)"\n'
        '// "\\(id)" == wanted would be wrong\n'
        'let text = isOld ? "\\(one)" : "\\(other)"\n'
    )
    assert list(comparisons.faults(tmp_path / "A.swift")) == []
