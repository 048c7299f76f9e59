# The whole gate: `just check`.
check:
    ruff check .
    ruff format --check .
    mypy
    lint-imports
    python -m pytest -n auto

golden:
    python -m pytest tests/test_golden.py --update-golden

samples:
    python sample_logs/generate.py
