"""The documents say what the program does."""

from __future__ import annotations

import dataclasses
import hashlib
import re

import apprise
import pytest

from tests.conftest import ROOT, Program
from tiermix import __version__, gate, sql
from tiermix.config import settings as s
from tiermix.config.alerts import standard_rows
from tiermix.errors import ExitCode
from tiermix.sources import dialects
from tiermix.timewin import format_duration, parse_duration

README = (ROOT / "README.md").read_text()


def listed(help_text: str) -> dict[str, str]:
    """Commands and their first sentences as --help lists them."""
    block = help_text.split("Commands:\n")[1].split("\n\n")[0]
    joined = re.sub(r"\n {6,}", " ", block)
    return dict(re.findall(r"^  (\w+) +(.+)$", joined, re.MULTILINE))


def test_the_readme_lists_every_command_with_its_help(tiermix: Program) -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE))
    shown = listed(tiermix("--help", env={"COLUMNS": "200"}).out)
    assert table == shown


def test_the_readme_lists_every_exit_code() -> None:
    table = README.split("| exit code |")[1].split("\n\n")[0]
    codes = {int(c) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for c in row.split(",")}
    assert codes == {int(c) for c in ExitCode}


@pytest.mark.parametrize("period", ["30d", "28d", "7d"])
def test_the_readme_shows_the_alert_rows(period: str) -> None:
    row = re.search(rf"^\| {period} \| (.+) \|$", README, re.MULTILINE)
    assert row
    shown = [float(x) for x in row[1].split(" | ")]
    assert shown == [round(float(r.factor), 4) for r in standard_rows(parse_duration(period))]


def test_the_readme_gives_the_numbers_of_the_demo(tiermix: Program) -> None:
    out = tiermix("demo").out
    for line in re.findall(r"^    ((?:The fallback|Users got|3\.4%).+)$", README, re.MULTILINE):
        assert line in out


def test_every_source_has_its_page() -> None:
    text = (ROOT / "docs" / "sources.md").read_text()
    titled = {name for line in re.findall(r"^## (.+)$", text, re.MULTILINE) for name in line.split(", ")}
    assert titled - {"Any other log"} == set(dialects())


def test_the_configuration_page_names_every_setting_and_passes_its_own_check(tiermix: Program) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tiermix.folder / "tiermix.toml").write_text("\n".join(blocks))
    assert tiermix("config", "check").code == 0, tiermix("config", "check").err
    for kind in (
        s.Tier, s.Slo, s.AlertSetting, s.Switch, s.Route, s.TrafficClass, s.TenantBudget, s.Exclusion, s.Channel,
        s.Notify,
    ):  # fmt: skip
        for field in dataclasses.fields(kind):
            named = {"alerts": "[[slo.alert]]", "window": "window" if kind is s.Slo else "start"}.get(
                field.name, field.name
            )
            assert named in text, field.name


def test_the_alerting_page_configures_what_it_promises(tiermix: Program) -> None:
    text = (ROOT / "docs" / "alerting.md").read_text()
    (tiermix.folder / "tiermix.toml").write_text("\n".join(re.findall(r"```toml\n(.*?)```", text, re.DOTALL)))
    assert tiermix("config", "check").code == 0, tiermix("config", "check").err
    table = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))
    assert set(table) == set(gate.kinds())
    assert format_duration(s.DEFAULT_REMINDER) in text
    assert f'hold = "{s.DEFAULT_HOLD // 3600}h"' in text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the plugins of Apprise
def test_the_addresses_of_the_alerting_page_are_such_that_apprise_knows() -> None:
    text = (ROOT / "docs" / "alerting.md").read_text()
    shown = re.findall(r"^\| [\w ]+ \| `(\w+://[^`]+)`", text, re.MULTILINE)
    assert len(shown) == 5
    for address in shown:
        assert apprise.Apprise.instantiate(address.replace("{incident}", "slo%2Fshop")) is not None, address


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_vendored_plotly_is_the_published_one() -> None:
    # npm package plotly.js-basic-dist-min 4.1.1; the SHA-256 is that of its only script.
    script = (ROOT / "tiermix" / "render" / "html" / "assets" / "plotly-basic.min.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() == "99784e3abfb07b142a15e521a439e6d9addceadb3f79553fd24c72774f0649ba"
    assert b"v4.1.1" in script[:80]


def test_every_query_says_what_it_is() -> None:
    for name in sql.names():
        query = sql.load(name)
        assert query.header["name"] == name
        assert query.header["what"], name
