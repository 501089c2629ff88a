"""`python -m oversight models`: which classifiers there are, and what each is used for."""

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from classifiers.encoder import MODELS
from classifiers.load import ModelFacts, ModelNotUsable, load_model, model_facts
from classifiers.registry import registered_versions
from db.session import Database
from oversight.commands.running import run_on_record
from oversight.domain.errors import Conflict
from oversight.domain.words import ModelState
from oversight.queries.models import KnownModel, known_models, newest_scores
from oversight.services import models
from oversight.services.models import NamedModel
from oversight.settings import Settings

LEVELS = "severity:"


def main(argv: Sequence[str], settings: Settings) -> int:
    """Run one action; the exit status is 0, or 1 after saying on stderr what was wrong."""
    chosen = _parser().parse_args(argv)
    return run_on_record(settings, lambda database: _said(database, chosen))


def _said(database: Database, chosen: argparse.Namespace) -> None:
    try:
        chosen.action(database, chosen)
    except ModelNotUsable as error:
        raise Conflict(str(error)) from error


def _list(database: Database, _chosen: argparse.Namespace) -> None:
    with database.reading() as session:
        named = known_models(session)
        scored = newest_scores(session)
    replaced = any(one.state is ModelState.LIVE for one in named)
    shipped = model_facts(MODELS)
    for one in registered_versions():
        is_shipped = one.version == shipped.version
        state = "retired" if replaced or not is_shipped else "live"
        print(f"{one.version}  {state}, shipped{_scored(one.version, scored)}")
        if is_shipped:
            _print_facts(shipped.digest, shipped.thresholds, one.card)
            _print_sets(shipped, one.measured, scored)
        else:
            _print_facts(one.heads_digest, {}, one.card)
    for model in named:
        print(f"{model.version}  {_state(model)}{_scored(model.version, scored)}")
        _print_facts(model.digest, model.thresholds, model.card, source=model.source)


def _state(model: KnownModel) -> str:
    words = f"{model.state.value} since {model.state_at:%Y-%m-%d %H:%M} UTC"
    return f"{words}, CANNOT BE LOADED: {model.trouble}" if model.trouble else words


def _scored(version: str, scored: Mapping[str, datetime]) -> str:
    return f", scored last {scored[version]:%Y-%m-%d %H:%M} UTC" if version in scored else ""


def _print_facts(
    digest: str, thresholds: Mapping[str, float], card: str | None, *, source: str | None = None
) -> None:
    shown = [f"{name} {value:g}" for name, value in thresholds.items() if _for_a_list(name)]
    print(f"    digest      {digest}")
    print(f"    thresholds  {', '.join(shown) or 'not kept'}")
    print(f"    card        {card or 'none'}")
    if source is not None:
        print(f"    files       {source}")


def _print_sets(
    facts: ModelFacts,
    measured: Mapping[str, Mapping[str, float]],
    scored: Mapping[str, datetime],
) -> None:
    """What OVERSIGHT_THRESHOLDS may name, what each set costs, and the version it makes."""
    for name, version, values in (("default", facts.version, {}), *facts.named_sets):
        shown = ", ".join(f"{output} {value:g}" for output, value in values.items())
        known = ", ".join(f"{what} {value:g}" for what, value in measured.get(name, {}).items())
        print(f"    {name:<11} {'; '.join(part for part in (shown, known) if part) or 'as above'}")
        if values:
            print(f"                {version}{_scored(version, scored)}")


def _for_a_list(name: str) -> bool:
    """The levels' thresholds and a foreign model's only one; flags' would fill the screen."""
    return name.startswith(LEVELS) or name == "every label" or name == "harm"


def _shadow(database: Database, chosen: argparse.Namespace) -> None:
    source = chosen.source.resolve()
    facts = model_facts(source)
    if facts.version == model_facts(MODELS).version:
        raise Conflict(f"{facts.version} is the shipped version; give the candidate its own")
    load_model(source)  # whatever is wrong with it is said now and not at night
    with database.transaction() as session:
        by = models.who_changes(session, chosen.by)
        named = _named(source, facts, chosen.card)
        models.put_in_shadow(session, named, by=by, past=chosen.past)
    print(f"{facts.version} reads in shadow and decides nothing; compare it on the Quality page")


def _named(source: Path, facts: ModelFacts, card: str | None) -> NamedModel:
    return NamedModel(facts.version, str(source), facts.digest, card, facts.thresholds)


def _promote(database: Database, chosen: argparse.Namespace) -> None:
    with database.transaction() as session:
        by = models.who_changes(session, chosen.by)
        known = models.known(session, chosen.version)
        source, digest = Path(known.source), known.digest
    if model_facts(source).digest != digest:
        raise Conflict(f"the files of {source} are not those that were tried; try them in shadow")
    load_model(source)
    with database.transaction() as session:
        models.promote(session, chosen.version, by=by)
    print(f"{chosen.version} is live; scorers load it within seconds")
    print(f"To read the history with it: python -m oversight rescore --version {chosen.version}")


def _retire(database: Database, chosen: argparse.Namespace) -> None:
    with database.transaction() as session:
        by = models.who_changes(session, chosen.by)
        models.retire(session, chosen.version, by=by)
    print(f"{chosen.version} is retired; where it was live, the shipped version is again")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m oversight models", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="every version: state, digest, thresholds, card")
    listed.set_defaults(action=_list)
    shadow = actions.add_parser("shadow", help="let a candidate read beside the live one")
    shadow.add_argument("source", type=Path, help="a model folder, or a label mapping (YAML)")
    shadow.add_argument("--card", help="where its model card stands")
    shadow.add_argument("--past", type=int, default=0, help="also the newest so many scores")
    shadow.set_defaults(action=_shadow)
    promote = actions.add_parser("promote", help="make a known version the live one")
    promote.set_defaults(action=_promote)
    retire = actions.add_parser("retire", help="use a version no longer")
    retire.set_defaults(action=_retire)
    for action in (promote, retire):
        action.add_argument("version")
    for action in (shadow, promote, retire):
        action.add_argument(
            "--by", required=True, help="who decides: a study lead's or admin's user name"
        )
    return parser
